//! What the crate allocates: in proportion to the bytes that it was given, whatever they claim, and once for each message.

mod assembly;
mod common;
mod counting;
mod forge;
mod village;

use assembly::forger;
use assembly::{ALICE, Assembly, BOB, LONGEST};
use common::{NOW, SUITES, TestRng, World, bobs};
use confidant::{
    Address, DecodeError, DecryptError, DeviceId, DistributionError, GroupDecryptError, GroupId,
    GroupSession, Limits, Party, PreKeyBundle, PreKeyMessage, PreKeyStore, Provider, Publication,
    RestoreError, Rotation, Session, Suite, UserId,
};
use counting::{Count, counted};
use sha2::{Digest, Sha256};
use village::Village;

/// Bytes that a decoder may allocate, in all, for each byte that it is given. Half-filled nodes of a map are the worst.
const FACTOR: usize = 3;

/// The same for a group, whose members and senders have public keys that are three times as large when they are points, in a
/// list first and then in a map.
const GROUP_FACTOR: usize = 20;

/// The first node of each map of a group.
const GROUP_MAPS: usize = 10_000;

/// A decoder of the public interface. The result is dropped; what counts is what it cost.
struct Decoder {
    name: &'static str,
    decode: fn(&[u8]),
    /// Bytes that it may allocate for so many.
    most: fn(usize) -> usize,
}

const DECODERS: &[Decoder] = &[
    proportional("bundle", |bytes| drop(PreKeyBundle::decode(bytes))),
    proportional("publication", |bytes| drop(Publication::decode(bytes))),
    proportional("pre-key message", |bytes| drop(PreKeyMessage::decode(bytes))),
    proportional("session", |bytes| drop(Session::restore(bytes, 0))),
    proportional("pre-key store", |bytes| drop(PreKeyStore::restore(bytes, 0))),
    Decoder {
        name: "group",
        decode: |bytes| drop(GroupSession::restore(bytes, 0)),
        most: |len| GROUP_FACTOR * len + GROUP_MAPS,
    },
];

const fn proportional(name: &'static str, decode: fn(&[u8])) -> Decoder {
    Decoder { name, decode, most: |len| FACTOR * len }
}

/// Gives `bytes` to every decoder.
fn check(bytes: &[u8], origin: &str) {
    for Decoder { name, decode, most } in DECODERS {
        let ((), count) = counted(|| decode(bytes));
        let most = most(bytes.len());
        assert!(count.bytes <= most, "{name} of {origin}, {} bytes: {count:?}", bytes.len());
    }
}

/// Good encodings of every format, to begin from.
fn encodings(suite: Suite) -> Vec<(&'static str, Vec<u8>)> {
    let mut world = World::new(suite, 4, 11);
    let publication = world.published.encode();
    let bundle = world.published.next_bundle(NOW).encode();
    let mut alice = world.initiate();
    let first = alice.encrypt(b"first", &mut world.rng).unwrap();
    let late = alice.encrypt(b"late", &mut world.rng).unwrap();
    let mut bob = world.accept(&late).session;
    bob.encrypt(b"reply", &mut world.rng).unwrap();
    bob.expire_skipped(common::NOW, 1);
    let (talker, listener) = groups();
    vec![
        ("publication", publication),
        ("bundle", bundle),
        ("first message", first),
        ("initiator", alice.snapshot().expose().to_vec()),
        ("responder", bob.snapshot().expose().to_vec()),
        ("pre-key store", world.prekeys.snapshot().expose().to_vec()),
        ("talker", talker.snapshot().expose().to_vec()),
        ("listener", listener.snapshot().expose().to_vec()),
    ]
}

/// A group of two: one who has a key, and has given it, and one who has two keys of the other's, and waits for messages.
fn groups() -> (GroupSession, GroupSession) {
    let mut village = Village::new(2, 21);
    let mut talker = village.group(0, 1, &[0, 1]);
    let mut listener = village.group(1, 1, &[0, 1]);
    for _ in 0..2 {
        give(&mut village, &mut talker, &mut listener);
        talker.encrypt(b"late", b"", NOW, &mut village.rng).unwrap();
        let last = talker.encrypt(b"last", b"", NOW, &mut village.rng).unwrap();
        listener.decrypt(&last, b"").unwrap();
    }
    listener.change(2, village.members([0, 1])).unwrap();
    listener.expire_skipped(NOW, 1);
    (talker, listener)
}

/// A new key of the talker's. Returns what the listener allocated.
fn give(village: &mut Village, talker: &mut GroupSession, listener: &mut GroupSession) -> Count {
    talker.rotate(NOW, &mut village.rng).unwrap();
    let received = village.deliver_key(talker, 0, 1);
    let (result, allocated) = counted(|| listener.receive(&received));
    assert_eq!(result, Ok(()));
    allocated
}

/// Puts the right checksum behind a changed snapshot, so that a reader goes on.
fn reseal(bytes: &mut [u8]) {
    if !bytes.starts_with(b"CFDT") || bytes.len() < 22 {
        return;
    }
    let (framed, sum) = bytes.split_at_mut(bytes.len() - 8);
    let hash = Sha256::new().chain_update("confidant/v1/snapshot").chain_update(framed).finalize();
    sum.copy_from_slice(&hash[..8]);
}

/// Every good encoding of each suite, changed by `change`.
fn for_each_encoding(mut change: impl FnMut(&str, &[u8])) {
    for suite in SUITES {
        for (origin, bytes) in encodings(*suite) {
            change(origin, &bytes);
        }
    }
}

/// The reader is reached behind the checksum, or the tests below would show little.
#[test]
fn a_resealed_snapshot_is_read_on() {
    let mut bytes = encodings(Suite::X3dh).remove(4).1;
    bytes[20] ^= 1;
    let corrupted = Err(RestoreError::Malformed(DecodeError::Corrupted));
    assert_eq!(Session::restore(&bytes, 0).map(drop), corrupted);
    reseal(&mut bytes);
    assert_ne!(Session::restore(&bytes, 0).map(drop), corrupted);
}

/// what is good costs no more than what is bad.
#[test]
fn good_bytes_cost_in_proportion() {
    for_each_encoding(|origin, bytes| check(bytes, origin));
}

/// whatever stands in the place of a count or a length, at any offset, reserves nothing.
#[test]
fn claimed_counts_reserve_nothing() {
    let claims: &[&[u8]] = &[&[0x27, 0x10], &[0xff; 2], &[0x00, 0x00, 0x61, 0xa8], &[0xff; 4]];
    for_each_encoding(|origin, bytes| {
        for at in 0..bytes.len().min(500) {
            for claim in claims {
                let mut changed = bytes.to_vec();
                let places = changed.iter_mut().skip(at);
                places.zip(*claim).for_each(|(place, byte)| *place = *byte);
                reseal(&mut changed);
                check(&changed, origin);
            }
        }
    });
}

/// the largest counts that a format allows, with nothing behind them.
#[test]
fn ten_thousand_keys_in_few_bytes_reserve_nothing() {
    for suite in SUITES {
        let world = World::new(*suite, 0, 12);
        let mut bytes = world.published.encode();
        let count = bytes.len() - if suite.is_hybrid() { 4 } else { 2 };
        bytes[count..count + 2].copy_from_slice(&10_000_u16.to_be_bytes());
        let (result, allocated) = counted(|| Publication::decode(&bytes).map(drop));
        assert_eq!(result, Err(DecodeError::Truncated));
        assert!(allocated.bytes <= bytes.len(), "{allocated:?}");

        let mut bytes = world.prekeys.snapshot().expose().to_vec();
        let end = bytes.len() - 8 - if suite.is_hybrid() { 4 } else { 2 };
        bytes[end..end + 2].copy_from_slice(&10_000_u16.to_be_bytes());
        reseal(&mut bytes);
        let (result, allocated) = counted(|| PreKeyStore::restore(&bytes, 0).map(drop));
        assert_eq!(result, Err(RestoreError::Malformed(DecodeError::Truncated)));
        assert!(allocated.bytes <= bytes.len(), "{allocated:?}");
    }
}

/// everything that ends too early.
#[test]
fn truncated_bytes_cost_in_proportion() {
    for_each_encoding(|origin, bytes| {
        for len in (0..bytes.len()).filter(|len| *len < 700 || len % 97 == 0) {
            let mut changed = bytes[..len].to_vec();
            reseal(&mut changed);
            check(&changed, origin);
        }
    });
}

/// a few bytes changed at random.
#[test]
fn mutated_bytes_cost_in_proportion() {
    let mut rng = TestRng::new(13);
    for_each_encoding(|origin, bytes| {
        for _ in 0..200 {
            let mut changed = bytes.to_vec();
            for _ in 0..=rng.below(4) {
                let at = rng.below(bytes.len() as u64) as usize;
                changed[at] = rng.below(256) as u8;
            }
            reseal(&mut changed);
            check(&changed, origin);
        }
    });
}

/// bytes that mean nothing, or nothing behind a good beginning.
#[test]
fn garbage_costs_in_proportion() {
    let mut rng = TestRng::new(14);
    for round in 0..600 {
        let mut bytes: Vec<u8> = (0..rng.below(4097)).map(|_| rng.below(256) as u8).collect();
        let beginnings: &[&[u8]] = &[
            &[1, 1],
            &[1, 2],
            &[1, 0x10],
            &[1, 0x11],
            b"CFDT\x01\x01",
            b"CFDT\x02\x01",
            b"CFDT\x03\x01",
        ];
        if let Some(beginning) = beginnings.get(round % 8) {
            bytes.iter_mut().zip(*beginning).for_each(|(byte, good)| *byte = *good);
        }
        reseal(&mut bytes);
        check(&bytes, "garbage");
    }
}

/// to read a message, or a first message, is to look at it.
#[test]
fn reading_a_message_allocates_nothing() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 15);
        let first = world.initiate().encrypt(&[7; 40_000], &mut world.rng).unwrap();
        let (request, allocated) = counted(|| PreKeyMessage::decode(&first));
        assert!(request.is_ok());
        assert_eq!(allocated, Count::default());
    }
}

/// the bulk of a store, in order, so that a map that is filled from it does its worst.
#[test]
fn a_large_store_costs_in_proportion() {
    let mut world = World::new(Suite::X3dh, 0, 20);
    world.prekeys.replenish(&world.bob, 100, common::NOW, &mut world.rng).unwrap();
    let mut bytes = world.prekeys.snapshot().expose().to_vec();
    // Frame, suite, identity, and the signed pre-key come before the count of replay tags.
    let count = 14 + 1 + 64 + 80;
    let tags = (0..2_000_u128).flat_map(u128::to_be_bytes);
    bytes.splice(count..count + 2, 2_000_u16.to_be_bytes().into_iter().chain(tags));
    reseal(&mut bytes);
    let (restored, allocated) = counted(|| PreKeyStore::restore(&bytes, 0).unwrap());
    assert_eq!(restored.status(common::NOW).one_time, 100);
    assert!(allocated.bytes <= FACTOR * bytes.len(), "{allocated:?} for {}", bytes.len());
}

/// a forged message makes a receiver reserve what its own limits allow, not what the message claims.
#[test]
fn a_forged_message_costs_what_the_limits_allow() {
    /// A message key on the heap, and its place in a list.
    const KEPT: usize = 32 + 16;
    let limit = Limits::default().max_jump();
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 16);
        let (mut alice, mut bob) = world.conversation();
        // Forged from the first message under a new ratchet key, and from one of a chain that is known.
        for _ in 0..2 {
            let message = alice.encrypt(b"real", &mut world.rng).unwrap();
            for (pn, n) in
                [(1, 3), (1, limit), (limit, limit), (1, limit + 2), (u32::MAX, u32::MAX)]
            {
                let mut forged = message.clone();
                forged[34..38].copy_from_slice(&u32::to_be_bytes(pn));
                forged[38..42].copy_from_slice(&u32::to_be_bytes(n));
                let (result, allocated) = counted(|| bob.decrypt(&forged).map(drop));
                let refused = [Err(DecryptError::Unauthentic), Err(DecryptError::TooFarAhead)];
                assert_eq!(result, refused[usize::from(n > limit)]);
                let passed = if n > limit { 0 } else { pn as usize + n as usize };
                let most = FACTOR * forged.len() + 512 + passed * KEPT;
                assert!(allocated.bytes <= most, "PN {pn}, N {n}: {allocated:?} above {most}");
            }
            assert!(bob.decrypt(&message).is_ok());
        }
    }
}

/// One allocation for a message that is sent, which is the message; nothing grows, nothing is freed.
#[test]
fn encryption_allocates_its_result_alone() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 17);
        let (mut alice, _) = world.conversation();
        let mut waiting = world.initiate();
        for session in [&mut alice, &mut waiting] {
            // The first message turns the ratchet.
            session.encrypt(b"turn", &mut world.rng).unwrap();
            for len in [0, 1, 1_000, 16_384, 100_000] {
                let text = vec![7; len];
                let (message, allocated) =
                    counted(|| session.encrypt_with(&text, b"data", &mut world.rng).unwrap());
                let expected = Count { calls: 1, bytes: message.len(), freed: 0 };
                assert_eq!(allocated, expected, "{len}");
            }
        }
    }
}

/// One allocation for a message that is received in order, which is the plaintext.
#[test]
fn decryption_allocates_its_result_alone() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 18);
        let (mut alice, mut bob) = world.conversation();
        let turn = alice.encrypt(b"turn", &mut world.rng).unwrap();
        bob.decrypt(&turn).unwrap();
        for len in [0, 1, 1_000, 16_384, 100_000] {
            let message = alice.encrypt_with(&vec![7; len], b"data", &mut world.rng).unwrap();
            let (received, allocated) = counted(|| bob.decrypt_with(&message, b"data").unwrap());
            assert_eq!(received.plaintext.as_bytes(), vec![7; len]);
            let expected = Count { calls: usize::from(len > 0), bytes: len, freed: 0 };
            assert_eq!(allocated, expected, "{len}");
        }
    }
}

/// A first message that is refused costs its receiver little more than its length.
#[test]
fn a_forged_first_message_costs_in_proportion() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 19);
        let mut first = world.initiate().encrypt(b"hello", &mut world.rng).unwrap();
        let last = first.len() - 1;
        first[last] ^= 1;
        let request = PreKeyMessage::decode(&first).unwrap();
        let (result, allocated) = counted(|| {
            Session::accept(&world.bob, &mut world.prekeys, &request, &bobs(), common::NOW)
                .map(drop)
        });
        assert_eq!(result, Err(confidant::AcceptError::Unauthentic));
        assert!(allocated.bytes <= FACTOR * first.len() + 2_048, "{allocated:?}");
    }
}

/// a group of many, in order, with the shortest names that there are.
#[test]
fn a_large_group_costs_in_proportion() {
    let identity = World::new(Suite::X3dh, 0, 22).bob.public();
    let member = |device| {
        let (provider, user) = (Provider::new("").unwrap(), UserId::new("u").unwrap());
        Party::new(Address::new(provider, user, DeviceId::new(device)), identity)
    };
    let members: Vec<Party> = (0..2_000).map(member).collect();
    let id = GroupId::new("g").unwrap();
    let group = GroupSession::new(id, member(7), 1, members, Rotation::default()).unwrap();
    let snapshot = group.snapshot();
    let (restored, allocated) = counted(|| GroupSession::restore(snapshot.expose(), 0).unwrap());
    assert_eq!(restored.awaiting().count(), 1_999);
    let most = GROUP_FACTOR * snapshot.expose().len();
    assert!(allocated.bytes <= most, "{allocated:?} above {most}");
}

/// as many epochs as are known, and as many as that with nothing behind them; and more.
#[test]
fn a_long_history_costs_in_proportion() {
    let village = Village::new(2, 29);
    let mut group = village.group(0, 1, &[0, 1]);
    (2..=1_000).for_each(|number| drop(group.change(number, village.members([0, 1])).unwrap()));
    let snapshot = group.snapshot();
    check(snapshot.expose(), "a long history");
    let (restored, allocated) = counted(|| GroupSession::restore(snapshot.expose(), 0).unwrap());
    assert_eq!(restored.snapshot().expose(), snapshot.expose());
    assert!(allocated.bytes <= FACTOR * snapshot.expose().len(), "{allocated:?}");

    let bytes = village.group(0, 1, &[0, 1]).snapshot().expose().to_vec();
    let whole = counted(|| GroupSession::restore(&bytes, 0).unwrap()).1;
    // The frame, the name of the group, us, the number of the epoch and two members come first.
    let known = 14 + 8 + 25 + 64 + 8 + 4 + 2 * (25 + 64 + 8 + 12);
    for (count, error) in [
        (999_u16, DecodeError::Truncated),
        (1_000, DecodeError::TooMany),
        (u16::MAX, DecodeError::TooMany),
    ] {
        let mut claimed = bytes.clone();
        claimed[known..known + 2].copy_from_slice(&count.to_be_bytes());
        reseal(&mut claimed);
        let (result, allocated) = counted(|| GroupSession::restore(&claimed, 0).map(drop));
        assert_eq!(result, Err(RestoreError::Malformed(error)), "{count}");
        assert!(allocated.bytes <= whole.bytes, "{count}: {allocated:?}");
    }
}

/// the largest counts of members, of those who were given the key, and of keys, with nothing behind them; and larger.
#[test]
fn thousands_of_members_and_keys_in_few_bytes_reserve_nothing() {
    let bytes = Village::new(2, 23).group(0, 1, &[0, 1]).snapshot().expose().to_vec();
    let whole = counted(|| GroupSession::restore(&bytes, 0).unwrap()).1;
    // The checksum comes last; before it the count of keys, the number of the next key, the count of given.
    let keys = bytes.len() - 8 - 4;
    let given = keys - 4 - 4;
    // The frame, the name of the group, us, and the number of the epoch come first.
    let members = 14 + 8 + 25 + 64 + 8;
    for (at, most, cost) in [
        (members, 5_000_u32, bytes.len()),
        (given, 5_000, whole.bytes),
        (keys, 25_000, whole.bytes),
    ] {
        for (count, error) in [
            (most, DecodeError::Truncated),
            (most + 1, DecodeError::TooMany),
            (u32::MAX, DecodeError::TooMany),
        ] {
            let mut claimed = bytes.clone();
            claimed[at..at + 4].copy_from_slice(&count.to_be_bytes());
            reseal(&mut claimed);
            let (result, allocated) = counted(|| GroupSession::restore(&claimed, 0).map(drop));
            assert_eq!(result, Err(RestoreError::Malformed(error)), "{count} at {at}");
            assert!(allocated.bytes <= cost, "{count} at {at}: {allocated:?}");
        }
    }
}

/// what is given to a group and is not for it costs nothing; a distribution costs its key.
#[test]
fn distributions_cost_in_proportion() {
    let mut village = Village::new(2, 24);
    let mut talker = village.group(0, 1, &[0, 1]);
    let mut listener = village.group(1, 1, &[0, 1]);
    for _ in 0..8 {
        let allocated = give(&mut village, &mut talker, &mut listener);
        assert!(allocated.bytes <= GROUP_MAPS, "{allocated:?}");
    }
    talker.rotate(NOW, &mut village.rng).unwrap();
    let genuine = village.deliver_key(&mut talker, 0, 1).plaintext;
    let mut long = genuine.as_bytes().to_vec();
    long[2] = 255;
    let short = |len: usize| genuine.as_bytes()[..len].to_vec();
    let one_short = short(forger::LEN - 1);
    for (bytes, most) in [(vec![], 0), (short(2), 0), (long, 0), (short(20), 20), (one_short, 100)]
    {
        let forged = forger::as_distribution(village.session(0, 1), &bytes, &mut TestRng::new(28));
        let received = village.session(1, 0).decrypt(&forged).unwrap();
        let (result, allocated) = counted(|| listener.receive(&received));
        assert_eq!(result, Err(DistributionError::Malformed(DecodeError::Truncated)));
        assert!(allocated.bytes <= most, "{} bytes: {allocated:?}", bytes.len());
    }
    let text = village.carry(0, 1, genuine.as_bytes());
    let (result, allocated) = counted(|| listener.receive(&text));
    let refused = Err(DistributionError::NotADistribution);
    assert_eq!((result, allocated), (refused, Count::default()));
}

/// What the signature of a group message is made of.
const STATEMENT: usize = 144;
/// What names the sender in it, on the receiver's side.
const NAME: usize = 25;

/// a group message that is not genuine makes its receiver reserve what is signed, whatever it claims, or nothing.
#[test]
fn a_forged_group_message_costs_nothing() {
    let mut village = Village::new(2, 25);
    let mut talker = village.group(0, 1, &[0, 1]);
    let mut listener = village.group(1, 1, &[0, 1]);
    give(&mut village, &mut talker, &mut listener);
    let message = talker.encrypt(&[7; 1_000], b"", NOW, &mut village.rng).unwrap();
    let name = Count { calls: 1, bytes: NAME, freed: 1 };
    let statement = Count { calls: 2, bytes: NAME + STATEMENT, freed: 2 };
    for (iteration, error, cost) in [
        (1, GroupDecryptError::Unauthentic, statement),
        (2_000, GroupDecryptError::Unauthentic, statement),
        (2_001, GroupDecryptError::TooFarAhead, name),
        (u32::MAX, GroupDecryptError::TooFarAhead, name),
    ] {
        let mut forged = message.clone();
        forged[forger::NAMED_ITERATION].copy_from_slice(&u32::to_be_bytes(iteration));
        let (result, allocated) = counted(|| listener.decrypt(&forged, b"").map(drop));
        assert_eq!((result, allocated), (Err(error), cost), "{iteration}");
    }
    let (short, allocated) = counted(|| listener.decrypt(&message[..173], b"").map(drop));
    let truncated = GroupDecryptError::Malformed(DecodeError::Truncated);
    assert_eq!((short, allocated), (Err(truncated), Count::default()));
    for (at, error) in [
        (forger::NAMED_KEY.start, GroupDecryptError::UnknownKey),
        (forger::NAMED_EPOCH.start, GroupDecryptError::UnknownEpoch),
        (forger::NAMED_EPOCH.end - 1, GroupDecryptError::MembersDiffer),
    ] {
        let mut forged = message.clone();
        forged[at] ^= 1;
        let (result, allocated) = counted(|| listener.decrypt(&forged, b"").map(drop));
        assert_eq!((result, allocated), (Err(error), Count::default()));
    }
    assert!(listener.decrypt(&message, b"").is_ok());
}

/// a genuine message that passes over the most makes its receiver keep what is kept, and no more.
#[test]
fn a_group_message_far_ahead_costs_what_the_limits_allow() {
    /// A message key on the heap, its place in a list, and in the list that it is moved to, which may grow to double.
    const KEPT: usize = 32 + 16 + 2 * 16;
    let mut assembly = Assembly::with(2, LONGEST);
    let [mut talker, mut listener] = [ALICE, BOB].map(|us| assembly.groups.remove(&us).unwrap());
    let village = &mut assembly.village;
    give(village, &mut talker, &mut listener);
    (0..1_999).for_each(|_| drop(talker.encrypt(b"", b"", NOW, &mut village.rng).unwrap()));
    let last = talker.encrypt(b"", b"", NOW, &mut village.rng).unwrap();
    let (result, allocated) = counted(|| listener.decrypt(&last, b"").map(drop));
    assert_eq!(result, Ok(()));
    assert!(allocated.bytes <= 500 * KEPT + NAME + STATEMENT, "{allocated:?}");
}

/// For a group message that is sent or received in order: what is signed, and the result; and the sender's name, if it is
/// received.
#[test]
fn group_messages_allocate_their_result_and_what_is_signed() {
    let mut village = Village::new(2, 27);
    let mut talker = village.group(0, 1, &[0, 1]);
    let mut listener = village.group(1, 1, &[0, 1]);
    give(&mut village, &mut talker, &mut listener);
    for len in [0, 1, 1_000, 16_384, 100_000] {
        let text = vec![7; len];
        let (message, allocated) =
            counted(|| talker.encrypt(&text, b"data", NOW, &mut village.rng).unwrap());
        let bytes = message.len() + STATEMENT;
        assert_eq!(allocated, Count { calls: 2, bytes, freed: 1 }, "{len}");
        let (received, allocated) = counted(|| listener.decrypt(&message, b"data").unwrap());
        assert_eq!(received.plaintext.as_bytes(), text);
        let calls = 2 + usize::from(len > 0);
        assert_eq!(allocated, Count { calls, bytes: len + NAME + STATEMENT, freed: 2 }, "{len}");
    }
}

/// The counter counts.
#[test]
fn the_counter_counts() {
    let (grown, count) = counted(|| {
        let mut grown = Vec::with_capacity(10);
        grown.resize(100, 0_u8);
        grown
    });
    assert_eq!(count, Count { calls: 2, bytes: 110, freed: 1 });
    drop(grown);
    // What a decoder must not do: believe a count.
    let claimed = 10_000;
    let (_, count) = counted(|| Vec::<[u8; 112]>::with_capacity(claimed));
    assert!(count.bytes > FACTOR * 180);
}
