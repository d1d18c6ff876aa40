//! Every decoder of the public interface, given what it must refuse. What a decoder accepts has one encoding.
//!
//! Those of groups are in `bad_group_input.rs`.

mod common;
mod forge;
mod format;

use std::sync::OnceLock;

use common::{NOW, SUITES, World, alices};
use confidant::{
    AcceptError, DecodeError, DecryptError, InvalidKey, PreKeyBundle, PreKeyMessage, PreKeyStore,
    PublicIdentity, Publication, Session, Suite, limits,
};
use forge::scene::{Scene, bundle};
use forge::snapshot::{self, Store};
use forge::{Bundle, First, Published};
use format::checks::{self, counts};
use format::{Change, Format, Frame, malformed};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any};
use proptest::proptest;
use proptest::sample::Index;

/// Every format, in every shape that it can have.
fn formats() -> &'static [Format] {
    static FORMATS: OnceLock<Vec<Format>> = OnceLock::new();
    FORMATS.get_or_init(|| {
        let of_suite = |suite: &Suite| {
            let mut formats = vec![identity(*suite)];
            formats.extend(bundles(*suite));
            formats.extend(publications(*suite));
            formats.extend(first_messages(*suite));
            formats.extend([message(*suite), store(*suite)]);
            formats.extend(sessions(*suite));
            formats
        };
        SUITES.iter().flat_map(of_suite).collect()
    })
}

fn identity(suite: Suite) -> Format {
    Format {
        name: "identity",
        valid: World::new(suite, 0, 300).alice.public().to_bytes().to_vec(),
        frame: Frame::Bare,
        read: |bytes| {
            let bytes = bytes.try_into().map_err(|_| DecodeError::Truncated)?;
            Ok(PublicIdentity::from_bytes(bytes)?.to_bytes().to_vec())
        },
        x25519: vec![32],
        ed25519: vec![0],
        kem: vec![],
    }
}

/// With one-time keys, and without.
fn bundles(suite: Suite) -> [Format; 2] {
    let mut world = World::new(suite, 1, 301);
    [true, false].map(|one_time| {
        let end = if one_time { 292 } else { 180 };
        Format {
            name: if one_time { "bundle" } else { "last-resort bundle" },
            valid: bundle(&mut world).write(),
            frame: Frame::Wire,
            read: |bytes| PreKeyBundle::decode(bytes).map(|bundle| bundle.encode()),
            x25519: if one_time { vec![36, 84, 196] } else { vec![36, 84] },
            ed25519: vec![4],
            kem: if suite.is_hybrid() { vec![end + 1 + 16] } else { vec![] },
        }
    })
}

/// With one-time keys, and without.
fn publications(suite: Suite) -> [Format; 2] {
    [2, 0].map(|one_time| {
        let valid = World::new(suite, one_time, 302).published.encode();
        let lists = if suite.is_hybrid() { 179 + 1_648 } else { 179 };
        let one_times = (0..one_time).map(|index| lists + 2 + 112 * index + 16);
        let kem_list = lists + 2 + 112 * one_time;
        let kem = (0..one_time).map(|index| kem_list + 2 + 1_648 * index + 16);
        Format {
            name: if one_time == 0 { "empty publication" } else { "publication" },
            valid,
            frame: Frame::Wire,
            read: |bytes| Publication::decode(bytes).map(|published| published.encode()),
            x25519: [35, 83].into_iter().chain(one_times).collect(),
            ed25519: vec![3],
            kem: if suite.is_hybrid() {
                [179 + 16].into_iter().chain(kem).collect()
            } else {
                vec![]
            },
        }
    })
}

/// With a one-time key, and without.
fn first_messages(suite: Suite) -> [Format; 2] {
    [1, 0].map(|one_time| {
        let mut world = World::new(suite, one_time, 303);
        let valid = world.initiate().encrypt(b"", &mut world.rng).unwrap();
        Format {
            name: if one_time == 1 { "pre-key message" } else { "last-resort pre-key message" },
            x25519: vec![36, 68, valid.len() - 114 + 2],
            valid,
            frame: Frame::Open,
            read: |bytes| {
                let request = PreKeyMessage::decode(bytes)?;
                let mut first = First::read(bytes);
                assert_eq!(request.kem_prekey().is_some(), request.suite().is_hybrid());
                first.identity = request.identity().to_bytes();
                first.signed = *request.signed_prekey().as_bytes();
                first.one_time = request.one_time_prekey().map(|id| *id.as_bytes());
                let id = request.kem_prekey().map(|id| *id.as_bytes());
                first.kem = id.zip(first.kem.map(|(_, ciphertext)| ciphertext));
                Ok(first.write())
            },
            ed25519: vec![4],
            kem: vec![],
        }
    })
}

/// What Alice makes of a message; one that can be read counts as written again, opened or not.
fn message(suite: Suite) -> Format {
    let mut world = World::new(suite, 0, 304);
    let (_, mut bob) = world.conversation();
    Format {
        name: "message",
        valid: bob.encrypt(b"", &mut world.rng).unwrap(),
        frame: Frame::Open,
        read: |bytes| match listener().decrypt(bytes) {
            Err(DecryptError::Malformed(error)) => Err(error),
            _ => Ok(bytes.to_vec()),
        },
        x25519: vec![2],
        ed25519: vec![],
        kem: vec![],
    }
}

/// A session that expects a message.
fn listener() -> Session {
    static LISTENER: OnceLock<Vec<u8>> = OnceLock::new();
    let snapshot = LISTENER.get_or_init(|| {
        let mut world = World::new(Suite::X3dh, 0, 304);
        world.conversation().0.snapshot().expose().to_vec()
    });
    Session::restore(snapshot, 0).unwrap()
}

/// A store that has everything that one can have.
fn store(suite: Suite) -> Format {
    let mut scene = Scene::new(suite, 0, 305);
    for _ in 0..2 {
        let first = scene.world.initiate().encrypt(b"", &mut scene.world.rng).unwrap();
        assert!(scene.world.accept(&first).used.recorded);
    }
    let World { bob, prekeys, rng, .. } = &mut scene.world;
    prekeys.rotate(bob, NOW, rng).unwrap();
    prekeys.replenish(bob, 2, NOW, rng).unwrap();
    let valid = prekeys.snapshot().expose().to_vec();
    let parsed = Store::read(&valid);
    let generations = [&parsed.current, parsed.previous.as_ref().unwrap()];
    let signed = generations.into_iter().map(|generation| generation.signed.public);
    let publics = signed.chain(parsed.one_time.iter().map(|key| key.public));
    let body = snapshot::body(&valid);
    let find = |key: [u8; 32]| body.windows(32).position(|at| at == key).unwrap();
    Format {
        name: "store",
        x25519: [33].into_iter().chain(publics.map(find)).collect(),
        valid,
        frame: Frame::Snapshot,
        read: |bytes| {
            let store = PreKeyStore::restore(bytes, 0).map_err(malformed)?;
            Ok(store.snapshot().expose().to_vec())
        },
        ed25519: vec![1],
        kem: vec![],
    }
}

/// Where a session's snapshot has the peer's address: Bob's.
const SESSION_ADDRESS: usize = 1 + 1 + 64;
const SESSION_PREFIX_HASH: usize = SESSION_ADDRESS + (2 + 11) + (2 + 3) + 5 + 32;
/// Up to the exporter key, the prefix apart.
const SESSION_FIXED: usize = SESSION_PREFIX_HASH + 32 + 2 + 32;

/// A new initiator, and an established one with late messages to come.
fn sessions(suite: Suite) -> [Format; 2] {
    let mut world = World::new(suite, 1, 306);
    let bundle = world.bundle();
    let new = Session::initiate(&world.alice, &bundle, &alices(), &mut world.rng).unwrap();
    let prefix = if suite.is_hybrid() { 1_692 } else { 116 };
    let remote = SESSION_FIXED + prefix + 8 + 32;
    let new = session("new session", &new, vec![34, remote]);

    let (mut alice, mut bob) = world.conversation();
    for _ in 0..2 {
        alice = busy(&mut world, alice, &mut bob);
    }
    let remote = SESSION_FIXED + 8 + 32;
    let active = remote + 32 + 1 + 32;
    let retired = active + 32 + 4 + 4 + 32 + 41 + 1;
    [new, session("busy session", &alice, vec![34, remote, active, retired, retired + 40])]
}

fn session(name: &'static str, session: &Session, x25519: Vec<usize>) -> Format {
    Format {
        name,
        valid: session.snapshot().expose().to_vec(),
        frame: Frame::Snapshot,
        read: |bytes| {
            let session = Session::restore(bytes, 0).map_err(malformed)?;
            Ok(session.snapshot().expose().to_vec())
        },
        x25519,
        ed25519: vec![2],
        kem: vec![],
    }
}

/// Alice, with two messages more that are late, a mark, and one sent.
fn busy(world: &mut World, mut alice: Session, bob: &mut Session) -> Session {
    let rng = &mut world.rng;
    let question = alice.encrypt(b"", rng).unwrap();
    bob.decrypt(&question).unwrap();
    let _late = [bob.encrypt(b"", rng).unwrap(), bob.encrypt(b"", rng).unwrap()];
    alice.decrypt(&bob.encrypt(b"", rng).unwrap()).unwrap();
    let later = confidant::UnixTime::from_secs(NOW.as_secs() + 500 * alice.epoch());
    assert!(alice.expire_skipped(later, 3_600));
    let _unread = alice.encrypt(b"", rng).unwrap();
    alice
}

// Lengths.

/// What the tests below change is read as it is, and written as it was.
#[test]
fn the_unchanged_is_read() {
    checks::reads_the_unchanged(formats());
}

/// everything that ends too early is truncated, wherever it ends.
#[test]
fn a_byte_too_few_is_truncated() {
    checks::finds_a_byte_too_few(formats());
}

/// bytes that are left over are an error.
#[test]
fn a_byte_too_many_is_trailing() {
    checks::finds_a_byte_too_many(formats());
}

/// a first message's own part, and the message in it, are truncated each where it ends.
#[test]
fn a_session_tells_truncated_messages_from_others() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 310);
        let first = world.initiate().encrypt(b"", &mut world.rng).unwrap();
        let mut bob = world.accept(&first).session;
        for len in [0, 1, 2, 40, first.len() - 114, first.len() - 1] {
            let refused = Err(DecryptError::Malformed(DecodeError::Truncated));
            assert_eq!(bob.decrypt(&first[..len]), refused, "{len}");
        }
    }
}

/// a message is at most 16 MiB long, a message inside a pre-key message too; that is found as soon as its type is.
#[test]
fn a_message_has_a_largest_length() {
    let mut scene = Scene::new(Suite::X3dh, 0, 311);
    let mut message = scene.first.message.clone();
    message.resize(limits::MAX_MESSAGE, 0);
    scene.first.message.clone_from(&message);
    let refusal = scene.refusal(&scene.first, &common::bobs());
    assert_eq!(refusal, AcceptError::Unauthentic);
    assert_eq!(listener().decrypt(&message), Err(DecryptError::Unauthentic));

    message.push(0);
    let too_long = DecryptError::Malformed(DecodeError::TooLong);
    assert_eq!(listener().decrypt(&message), Err(too_long));
    scene.first.message = message.clone();
    let refused = PreKeyMessage::decode(&scene.first.write()).err();
    assert_eq!(refused, Some(DecodeError::TooLong));
    // Its type is right, and nothing else.
    message[2..].fill(0xff);
    assert_eq!(listener().decrypt(&message), Err(too_long));
    message[1] = 4;
    let wrong_kind = DecryptError::Malformed(DecodeError::WrongKind);
    assert_eq!(listener().decrypt(&message), Err(wrong_kind));
}

// Versions, types, suites, flags.

/// an unknown version is an error before anything else is read.
#[test]
fn an_unknown_version_is_unsupported() {
    checks::finds_an_unknown_version(formats());
}

/// so is the version of the message inside a pre-key message, and its type.
#[test]
fn an_inner_message_has_its_own_version_and_type() {
    for format in first_messages(Suite::X3dh) {
        let inner = format.len() - 114;
        let refused = format.with_part(inner, &[2]);
        assert_eq!(refused, Err(DecodeError::UnsupportedVersion));
        for kind in [0x00, 0x01, 0x03, 0x04, 0x10] {
            assert_eq!(format.with_part(inner + 1, &[kind]), Err(DecodeError::WrongKind));
        }
        assert!(format.with_part(inner + 1, &[5]).is_ok());
    }
}

/// another type than the decoder's is an error before anything else is read.
#[test]
fn another_type_is_the_wrong_kind() {
    checks::finds_another_type(formats());
}

/// there is no suite but those of this build, and an unknown one is found before what follows it.
#[test]
fn an_unknown_suite_is_unsupported() {
    let known = if cfg!(feature = "pq") { 1..=2 } else { 1..=1 };
    for format in formats() {
        let at = match (format.frame, format.name) {
            (Frame::Bare, _) | (_, "message") => continue,
            (Frame::Snapshot, _) => 0,
            _ => 2,
        };
        for suite in (0..=0xff).filter(|suite| !known.contains(suite)) {
            let refused = format.with_part(at, &[suite]);
            assert_eq!(refused, Err(DecodeError::UnsupportedSuite), "{} {suite}", format.name);
            let refused = format.with(|bytes| {
                bytes.truncate(at);
                bytes.push(suite);
            });
            assert_eq!(refused, Err(DecodeError::UnsupportedSuite), "{} {suite}", format.name);
        }
    }
}

/// a flag without a meaning is an error.
#[test]
fn an_unknown_flag_is_invalid() {
    for suite in SUITES {
        for format in bundles(*suite).iter().chain(&first_messages(*suite)) {
            for flags in 2..=0xff {
                let refused = format.with_part(3, &[flags]);
                assert_eq!(refused, Err(DecodeError::InvalidFlags), "{} {flags}", format.name);
            }
        }
    }
}

/// presence and role are written as 0 or 1, in a snapshot as anywhere.
#[test]
fn a_snapshot_has_no_other_flags() {
    for suite in SUITES {
        let [new, busy] = sessions(*suite);
        let sending = SESSION_FIXED + 8 + 32 + 32;
        let receiving = sending + 1 + 32 + 32 + 4 + 4 + 32;
        for value in [2, 0x80, 0xff] {
            for at in [1, sending, receiving] {
                assert_eq!(busy.with_part(at, &[value]), Err(DecodeError::NotCanonical), "{at}");
            }
            assert_eq!(new.with_part(1, &[value]), Err(DecodeError::NotCanonical));
        }
        let store = store(*suite);
        let generation = if suite.is_hybrid() { 80 + 72 + 2 } else { 80 + 2 };
        let refused = store.with_part(65 + generation, &[2]);
        assert_eq!(refused, Err(DecodeError::NotCanonical));
    }
}

/// a bundle's KEM key is one of the two kinds.
#[cfg(feature = "pq")]
#[test]
fn a_kem_key_of_no_kind_is_the_wrong_kind() {
    for (format, at) in bundles(Suite::Pqxdh1024).iter().zip([292, 180]) {
        for kind in (0..=0xff).filter(|kind| ![3, 4].contains(kind)) {
            assert_eq!(format.with_part(at, &[kind]), Err(DecodeError::WrongKind), "{kind}");
        }
    }
}

// Keys.

/// no decoder takes a *u*-coordinate of small order.
#[test]
fn an_x25519_key_of_small_order_is_invalid() {
    checks::finds_x25519_keys_of_small_order(formats());
}

/// nor one of the other encodings of a coordinate: 2^255 − 19 and above, or with the highest bit set.
#[test]
fn an_x25519_key_that_is_not_reduced_is_invalid() {
    checks::finds_x25519_keys_that_are_not_reduced(formats());
}

/// no decoder takes an Ed25519 key of small order, a *y* that is not reduced, or what is no point.
#[test]
fn an_ed25519_key_that_is_weak_or_not_canonical_is_invalid() {
    checks::finds_bad_ed25519_keys(formats());
}

/// `PublicIdentity` says the same in its own error.
#[test]
fn an_identity_with_a_bad_half_is_invalid() {
    let good = World::new(Suite::X3dh, 0, 320).alice.public().to_bytes();
    assert!(PublicIdentity::from_bytes(&good).is_ok());
    for half in [0, 32] {
        let mut bad = good;
        bad[half..half + 32].fill(0);
        assert_eq!(PublicIdentity::from_bytes(&bad), Err(InvalidKey));
    }
}

/// no decoder takes an encapsulation key with a coefficient of 3,329 or above (FIPS 203, section 7.2).
#[cfg(feature = "pq")]
#[test]
fn a_kem_key_that_is_not_reduced_is_invalid() {
    // The first coefficient is the low byte and a nibble; the last of the 1,024 is a nibble and the high byte before ρ.
    let first = |bytes: &mut [u8], value: u16| {
        bytes[0] = value.to_le_bytes()[0];
        bytes[1] = bytes[1] & 0xf0 | value.to_le_bytes()[1];
    };
    let last = |bytes: &mut [u8], value: u16| {
        bytes[1_534] = bytes[1_534] & 0x0f | (value << 4).to_le_bytes()[0];
        bytes[1_535] = (value >> 4).to_le_bytes()[0];
    };
    let mut places = 0;
    for format in formats() {
        for at in &format.kem {
            for value in [3_329, 3_330, 4_095] {
                let refused = format.with(|bytes| first(&mut bytes[*at..], value));
                assert_eq!(refused, Err(DecodeError::InvalidKey), "{}", format.name);
                let refused = format.with(|bytes| last(&mut bytes[*at..], value));
                assert_eq!(refused, Err(DecodeError::InvalidKey), "{}", format.name);
            }
            places += 1;
        }
        if format.name.ends_with("bundle") && !format.kem.is_empty() {
            let at = format.kem[0];
            assert!(format.with(|bytes| first(&mut bytes[at..], 3_328)).is_ok());
            assert!(format.with(|bytes| last(&mut bytes[at..], 3_328)).is_ok());
        }
    }
    assert_eq!(places, 6);
}

// Lists.

/// a count that the bytes cannot hold is truncated, and one above the format's bound is too many.
#[test]
fn a_count_is_checked_before_what_it_counts() {
    let most = limits::MAX_ONE_TIME_PREKEYS;
    for suite in SUITES {
        let published = publications(*suite);
        let lists = if suite.is_hybrid() { 179 + 1_648 } else { 179 };
        for format in &published {
            counts(format, lists, 2, most);
        }
        let [published, empty] = published;
        if suite.is_hybrid() {
            counts(&published, lists + 2 + 2 * 112, 2, most);
            counts(&empty, lists + 2, 2, most);
        }
        let store = store(*suite);
        let key = if suite.is_hybrid() { 80 + 72 } else { 80 };
        counts(&store, 65 + key, 2, limits::MAX_REPLAY_TAGS);
        let previous = 65 + key + 2 + 1;
        counts(&store, previous + key, 2, limits::MAX_REPLAY_TAGS);
        let one_time = previous + key + 2 + 2 * 16;
        counts(&store, one_time, 2, most);
        if suite.is_hybrid() {
            counts(&store, one_time + 2 + 2 * 80, 2, most);
        }
        let [_, busy] = sessions(*suite);
        let retired = SESSION_FIXED + 8 + 32 + 32 + 105 + 41;
        let body = snapshot::body(&busy.valid);
        let marks = retired + 1 + 40 * usize::from(body[retired]) + 8;
        let kept = marks + 1 + 16 * usize::from(body[marks]);
        assert_eq!((body[retired], body[marks], body[kept + 3]), (2, 2, 4));
        counts(&busy, retired, 1, limits::MAX_RETIRED_CHAINS);
        counts(&busy, marks, 1, limits::MAX_MARKS);
        counts(&busy, kept, 4, 25_000);
    }
}

/// a publication's one-time keys have one order, and each is there once.
#[test]
fn a_publications_keys_are_in_order() {
    for suite in SUITES {
        let [format, _] = publications(*suite);
        let good = Published::read(&format.valid);
        let mut bad = vec![good.clone(), good.clone()];
        bad[0].one_time.reverse();
        bad[1].one_time[1] = good.one_time[0].clone();
        if suite.is_hybrid() {
            bad.extend([good.clone(), good.clone()]);
            bad[2].kem_one_time.reverse();
            bad[3].kem_one_time[1] = good.kem_one_time[0].clone();
        }
        for bad in bad {
            assert_eq!((format.read)(&bad.write()), Err(DecodeError::NotCanonical));
        }
    }
}

/// so have a store's keys and replay tags; and its two generations are two.
#[test]
fn a_stores_lists_are_in_order() {
    let changes: [fn(&mut Store); 8] = [
        |store| store.one_time.reverse(),
        |store| store.one_time[1] = store.one_time[0].clone(),
        |store| store.kem_one_time.reverse(),
        |store| store.kem_one_time[1] = store.kem_one_time[0],
        |store| store.previous.as_mut().unwrap().tags.reverse(),
        |store| store.previous.as_mut().unwrap().tags[1] = [0; 16],
        |store| store.current.tags = vec![[1; 16], [1; 16]],
        |store| store.previous = Some(store.current.clone()),
    ];
    for suite in SUITES {
        let format = store(*suite);
        for (index, change) in changes.into_iter().enumerate() {
            let mut store = Store::read(&format.valid);
            if store.kem_one_time.is_empty() && (2..4).contains(&index) {
                continue;
            }
            change(&mut store);
            let refused = (format.read)(&store.write());
            assert_eq!(refused, Err(DecodeError::NotCanonical), "{index}");
        }
    }
}

// Snapshots.

/// A snapshot's frame: what is no snapshot, one of another kind or of another version, and one that was damaged.
#[test]
fn a_bad_frame_is_told() {
    checks::tells_a_bad_frame(formats());
}

/// a session's snapshot that no session writes is not canonical, though its frame is whole.
#[test]
fn a_session_that_cannot_be_is_not_canonical() {
    for suite in SUITES {
        let [new, busy] = sessions(*suite);
        let not_canonical = Err(DecodeError::NotCanonical);
        // A responder that waits; a prefix that is not the one whose hash stands before it.
        assert_eq!(new.with_part(1, &[1]), not_canonical);
        assert_eq!(new.with(|body| body[SESSION_PREFIX_HASH] ^= 1), not_canonical);
        assert_eq!(new.with(|body| body[SESSION_PREFIX_HASH + 32 + 2 + 50] ^= 1), not_canonical);
        // An address whose parts have the wrong tags, and one without a user.
        for tag in [0, 13, 18].map(|part| SESSION_ADDRESS + part) {
            assert_eq!(busy.with(|body| body[tag] ^= 4), not_canonical);
        }
        let user = SESSION_ADDRESS + 13 + 1;
        let empty = busy.with(|body| drop(body.splice(user..user + 4, [0])));
        assert_eq!(empty, not_canonical);
        let limits = SESSION_FIXED;
        assert_eq!(busy.with_part(limits, &25_001_u32.to_be_bytes()), not_canonical);
        assert_eq!(busy.with_part(limits + 4, &25_001_u32.to_be_bytes()), not_canonical);
        // Four keys are kept where three may be.
        assert_eq!(busy.with_part(limits + 4, &3_u32.to_be_bytes()), not_canonical);
        assert!(busy.with_part(limits + 4, &4_u32.to_be_bytes()).is_ok());
    }
}

// Anything at all.

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// whatever is changed, a decoder refuses the bytes or reads a value whose encoding they are.
    #[test]
    fn changed_bytes_are_refused_or_canonical(
        which in any::<Index>(),
        changes in vec(any::<Change>(), 1..4),
    ) {
        checks::refuses_changes_or_reads_them(which.get(formats()), changes);
    }

    /// bytes that mean nothing, alone and behind a good beginning, are refused by every decoder, which is all that
    /// happens.
    #[test]
    fn random_bytes_are_refused(
        good in any::<Index>(),
        noise in vec(any::<u8>(), 0..400),
    ) {
        checks::refuses_noise(formats(), good, &noise);
    }
}

/// what is given to a decoder as another format is refused, whole and with its first two bytes made right.
#[test]
fn no_format_is_read_as_another() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 330);
        let bundle = bundle(&mut world);
        let publication = Published::read(&world.published.encode()).write();
        let first = world.initiate().encrypt(b"", &mut world.rng).unwrap();
        assert!(Bundle::read(&bundle.write()) == bundle);
        let wire = [bundle.write(), publication, first];
        for (index, bytes) in wire.iter().enumerate() {
            for (other, like) in wire.iter().enumerate().filter(|(other, _)| *other != index) {
                let mut relabelled = bytes.clone();
                relabelled[..2].copy_from_slice(&like[..2]);
                let refused = match other {
                    0 => PreKeyBundle::decode(&relabelled).err(),
                    1 => Publication::decode(&relabelled).err(),
                    _ => PreKeyMessage::decode(&relabelled).err(),
                };
                assert!(refused.is_some(), "{index} as {other}");
            }
        }
    }
}
