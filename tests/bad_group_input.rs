//! The decoders of groups, given what they must refuse: group messages, distributions and snapshots.

mod assembly;
mod common;
mod forge;
mod format;
mod village;

use std::cell::RefCell;
use std::sync::OnceLock;

use assembly::forger;
use common::{NOW, TestRng, World};
use confidant::{
    DecodeError, DistributionError, GroupDecryptError, GroupSession, Received, Suite, limits,
};
use format::checks::{self, counts};
use format::{Change, Format, Frame, malformed};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any};
use proptest::proptest;
use proptest::sample::Index;
use village::Village;

/// Two of a group: what one sends, and the other as it stands before that comes.
struct Talk {
    village: Village,
    listener: Vec<u8>,
    distribution: Vec<u8>,
    message: Vec<u8>,
}

impl Talk {
    /// The listener has a key of its own, and one of the talker's, with two messages to come and a mark.
    fn new() -> Self {
        let mut village = Village::new(2, 307);
        let [mut talker, mut listener] = [0, 1].map(|us| village.group(us, 1, &[0, 1]));
        talker.rotate(NOW, &mut village.rng).unwrap();
        listener.rotate(NOW, &mut village.rng).unwrap();
        let theirs = village.deliver_key(&mut talker, 0, 1);
        listener.receive(&theirs).unwrap();
        let _ours = village.deliver_key(&mut listener, 1, 0);
        let mut send = || talker.encrypt(b"", b"", NOW, &mut village.rng).unwrap();
        let [_, _, last, message] = [send(), send(), send(), send()];
        listener.decrypt(&last, b"").unwrap();
        assert!(listener.expire_skipped(NOW, 100));
        listener.change(2, village.members([0, 1])).unwrap();
        talker.rotate(NOW, &mut village.rng).unwrap();
        let distribution = village.deliver_key(&mut talker, 0, 1);
        let distribution = distribution.plaintext.as_bytes().to_vec();
        let listener = listener.snapshot().expose().to_vec();
        Self { village, listener, distribution, message }
    }

    /// What the talker says to the listener over their pairwise session as a distribution: any bytes.
    fn forge_key(&mut self, bytes: &[u8]) -> Received {
        let mut rng = TestRng::new(308);
        let forged = forger::as_distribution(self.village.session(0, 1), bytes, &mut rng);
        self.village.session(1, 0).decrypt(&forged).unwrap()
    }

    /// Calls the listener, who is as before if it refuses.
    fn call<E>(&self, call: impl FnOnce(&mut GroupSession) -> Result<(), E>) -> Result<(), E> {
        let mut listener = GroupSession::restore(&self.listener, 0).unwrap();
        let result = call(&mut listener);
        assert_eq!(result.is_err(), *listener.snapshot().expose() == self.listener);
        result
    }

    fn decrypt(&self, message: &[u8]) -> Result<(), GroupDecryptError> {
        self.call(|listener| listener.decrypt(message, b"").map(drop))
    }
}

thread_local! {
    static TALK: RefCell<Talk> = RefCell::new(Talk::new());
}

/// What is a group message or a distribution by its form counts as written again, taken in or not.
fn formats() -> &'static [Format] {
    static FORMATS: OnceLock<[Format; 3]> = OnceLock::new();
    FORMATS.get_or_init(|| {
        let Talk { listener, distribution, message, .. } = Talk::new();
        [self::message(message), self::distribution(distribution), group(listener)]
    })
}

fn message(valid: Vec<u8>) -> Format {
    Format {
        name: "group message",
        valid,
        frame: Frame::Open,
        read: |bytes| match TALK.with_borrow(|talk| talk.decrypt(bytes)) {
            Err(GroupDecryptError::Malformed(error)) => Err(error),
            _ => Ok(bytes.to_vec()),
        },
        x25519: vec![],
        ed25519: vec![],
        kem: vec![],
    }
}

fn distribution(valid: Vec<u8>) -> Format {
    Format {
        name: "distribution",
        valid,
        frame: Frame::Wire,
        read: |bytes| {
            TALK.with_borrow_mut(|talk| {
                let received = talk.forge_key(bytes);
                match talk.call(|listener| listener.receive(&received)) {
                    Err(DistributionError::Malformed(error)) => Err(error),
                    _ => Ok(bytes.to_vec()),
                }
            })
        },
        x25519: vec![],
        ed25519: vec![forger::SIGNING.start],
        kem: vec![],
    }
}

/// Where a group's snapshot has what, in this one: two members, whose addresses are 25 bytes long; one epoch before; a
/// key of our own, given once; a key of the other's.
const US: usize = 1 + 7;
const NUMBER: usize = US + 25 + 64;
const MEMBERS: usize = NUMBER + 8;
/// In a member, behind its address and identity: since when, and from which of its keys on.
const MEMBER_SINCE: usize = 25 + 64;
const MEMBER_FROM: usize = MEMBER_SINCE + 8;
const MEMBER_LEN: usize = MEMBER_FROM + 8 + 4;
const KNOWN: usize = MEMBERS + 4 + 2 * MEMBER_LEN;
const REMOVAL: usize = KNOWN + 2 + 40;
const ROTATION: usize = REMOVAL + 8;
const SENDER: usize = ROTATION + 4 + 8;
const SENDER_NUMBER: usize = SENDER + 1 + 40;
const SENDER_NEXT: usize = SENDER_NUMBER + 4 + 32 + 8 + 32;
const DUE: usize = SENDER_NEXT + 4 + 32;
const GIVEN: usize = DUE + 1;
const ROTATIONS: usize = GIVEN + 4 + 25;
const KEYS: usize = ROTATIONS + 4;
/// In the key: when it was made, until when it may be used, its signing key, its first iteration, whether there is a newer one.
const KEY_MADE: usize = KEYS + 4 + 16 + 25;
const KEY_UNTIL: usize = KEY_MADE + 8 + 4;
const KEY_SIGNING: usize = KEY_UNTIL + 8;
const KEY_FIRST: usize = KEY_SIGNING + 32;
const KEY_NEWER: usize = KEY_FIRST + 4;
const FORGOTTEN: usize = KEY_NEWER + 1 + 4 + 32;
const MARKS: usize = FORGOTTEN + 8;
const KEPT: usize = MARKS + 1 + 16;

fn group(valid: Vec<u8>) -> Format {
    let members = MEMBERS + 4;
    let identities = [US + 25, members + 25, members + MEMBER_LEN + 25];
    Format {
        name: "group",
        valid,
        frame: Frame::Snapshot,
        read: |bytes| {
            let group = GroupSession::restore(bytes, 0).map_err(malformed)?;
            Ok(group.snapshot().expose().to_vec())
        },
        x25519: identities.map(|at| at + 32).to_vec(),
        ed25519: identities.into_iter().chain([KEY_SIGNING]).collect(),
        kem: vec![],
    }
}

/// The listener's.
fn snapshot() -> &'static Format {
    formats().last().unwrap()
}

/// What the listener is given by the tests below is taken in, as long as it is not changed.
#[test]
fn unchanged_messages_are_taken_in() {
    TALK.with_borrow_mut(|talk| {
        let distribution = talk.distribution.clone();
        let received = talk.forge_key(&distribution);
        assert_eq!(talk.call(|listener| listener.receive(&received)), Ok(()));
        assert_eq!(talk.decrypt(&talk.message), Ok(()));
        let text = talk.village.carry(0, 1, &distribution);
        let refused = talk.call(|listener| listener.receive(&text));
        assert_eq!(refused, Err(DistributionError::NotADistribution));
    });
}

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

/// an unknown version is an error before anything else is read.
#[test]
fn an_unknown_version_is_unsupported() {
    checks::finds_an_unknown_version(formats());
}

/// another type than the decoder's is an error before anything else is read.
#[test]
fn another_type_is_the_wrong_kind() {
    checks::finds_another_type(formats());
}

/// a group message is at most 16 MiB long; that is found as soon as its type is.
#[test]
fn a_message_has_a_largest_length() {
    TALK.with_borrow(|talk| {
        let malformed = |error| Err(GroupDecryptError::Malformed(error));
        let mut message = talk.message.clone();
        message.resize(limits::MAX_MESSAGE, 0);
        assert_eq!(talk.decrypt(&message), Err(GroupDecryptError::Unauthentic));
        message.push(0);
        assert_eq!(talk.decrypt(&message), malformed(DecodeError::TooLong));
        message[2..].fill(0xff);
        assert_eq!(talk.decrypt(&message), malformed(DecodeError::TooLong));
        message[1] = 2;
        assert_eq!(talk.decrypt(&message), malformed(DecodeError::WrongKind));
        message[0] = 2;
        assert_eq!(talk.decrypt(&message), malformed(DecodeError::UnsupportedVersion));
    });
}

/// presence is written as 0 or 1.
#[test]
fn a_snapshot_has_no_other_flags() {
    for at in [SENDER, DUE, KEY_NEWER] {
        for value in [2, 0x80, 0xff] {
            assert_eq!(snapshot().with_part(at, &[value]), Err(DecodeError::NotCanonical), "{at}");
        }
    }
}

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

/// a count that the bytes cannot hold is truncated, and one above the format's bound is too many.
#[test]
fn a_count_is_checked_before_what_it_counts() {
    counts(snapshot(), MEMBERS, 4, limits::MAX_MEMBERS);
    counts(snapshot(), GIVEN, 4, limits::MAX_MEMBERS);
    counts(snapshot(), KEYS, 4, limits::MAX_MEMBERS * limits::MAX_KEYS_PER_SENDER);
    counts(snapshot(), MARKS, 1, limits::MAX_MARKS);
    counts(snapshot(), KEPT, 4, 500);
    counts(snapshot(), KNOWN, 2, limits::MAX_KNOWN_EPOCHS - 1);
}

/// A snapshot's frame: what is no snapshot, one of another kind or of another version, and one that was damaged.
#[test]
fn a_bad_frame_is_told() {
    checks::tells_a_bad_frame(formats());
}

/// The listener's snapshot with a number of `width` bytes at `at`.
fn with_number(at: usize, value: u64, width: usize) -> Result<Vec<u8>, DecodeError> {
    snapshot().with_part(at, &value.to_be_bytes()[8 - width..])
}

/// a group's snapshot that no group writes is not canonical, by the bounds of `docs/state.md`.
#[test]
fn a_group_that_cannot_be_is_not_canonical() {
    let talker = MEMBERS + 4;
    let kept = KEPT + 4;
    for (name, at, value, width) in [
        ("a member came after the current epoch", talker + MEMBER_SINCE, 3, 8),
        ("a member's first key is of an epoch to come", talker + MEMBER_FROM, 3, 8),
        ("a key is over, by its epoch", talker + MEMBER_FROM, 2, 8),
        ("the epoch before is not before", KNOWN + 2, 2, 8),
        ("the last removal is to come", REMOVAL, 3, 8),
        ("a key is never used", ROTATION, 0, 4),
        ("a key is used too often", ROTATION, 2_001, 4),
        ("a key is used for no time", ROTATION + 4, 0, 8),
        ("our key is of an epoch to come", SENDER + 1, 3, 8),
        ("our key's number is to come", SENDER_NUMBER, 2, 4),
        ("our key was used too often", SENDER_NEXT, 1_001, 4),
        ("a key is of an epoch to come", KEY_MADE, 3, 8),
        ("a key may be used until it was made", KEY_UNTIL, 1, 8),
        ("a key may be used until before it was made", KEY_UNTIL, 0, 8),
        ("given from after the next iteration on", KEY_FIRST, 4, 4),
        ("kept from before it was given", KEY_FIRST, 1, 4),
        ("kept from the next iteration on", kept + 40 + 4, 3, 4),
        ("kept in another order", kept + 40 + 4, 0, 4),
        ("kept of another chain", kept + 40, 1, 4),
        ("a mark in another chain", MARKS + 1 + 8, 1, 4),
        ("a mark that is to come", MARKS + 1 + 12, 4, 4),
        ("forgotten of another chain", FORGOTTEN, 1, 4),
        ("forgotten from after the next iteration on", FORGOTTEN + 4, 4, 4),
    ] {
        assert_eq!(with_number(at, value, width), Err(DecodeError::NotCanonical), "{name}");
    }
    // Both of epoch 1, in which the key has the number 0.
    let over = snapshot().with(|body| {
        let from = talker + MEMBER_FROM;
        body[from..from + 12].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
    });
    assert_eq!(over, Err(DecodeError::NotCanonical), "a key is over, by its number");
}

/// nor is one with somebody in it who is not a member, or who is ourselves; nor one without a name.
#[test]
fn a_group_has_no_strangers() {
    let user = |address: usize| address + 13 + 2 + 4;
    let members = MEMBERS + 4;
    for (name, address, user_number) in [
        ("we are not a member", US, b'7'),
        ("members in another order", members, b'2'),
        ("a member twice", members, b'1'),
        ("a stranger was given the key", GIVEN + 4, b'7'),
        ("we were given our key", GIVEN + 4, b'1'),
        ("a stranger gave us a key", KEYS + 4 + 16, b'7'),
        ("we gave us a key", KEYS + 4 + 16, b'1'),
    ] {
        let refused = snapshot().with_part(user(address), &[user_number]);
        assert_eq!(refused, Err(DecodeError::NotCanonical), "{name}");
    }
    let other = World::new(Suite::X3dh, 0, 340).bob.public().to_bytes();
    assert_eq!(snapshot().with_part(US + 25, &other), Err(DecodeError::NotCanonical));
    let nameless = snapshot().with(|body| drop(body.splice(..8, [0])));
    assert_eq!(nameless, Err(DecodeError::NotCanonical));
    let given = snapshot().with(|body| drop(body.splice(SENDER..DUE, [0])));
    assert_eq!(given, Err(DecodeError::NotCanonical), "a key that is not there was given");
}

/// beside what a group's snapshot cannot be, what it can.
#[test]
fn a_group_at_its_bounds_is_read() {
    let talker = MEMBERS + 4;
    for (at, value, width) in [
        (KEPT + 4 + 40 + 4, 1, 4),
        (talker + MEMBER_SINCE, 2, 8),
        (talker + MEMBER_FROM, 1, 8),
        (talker + MEMBER_LEN + MEMBER_FROM, 2, 8),
        (KNOWN + 2, 1, 8),
        (REMOVAL, 2, 8),
        (ROTATION, 1, 4),
        (ROTATION, 2_000, 4),
        (ROTATION + 4, 1, 8),
        (ROTATION + 4, u64::MAX, 8),
        (SENDER + 1, 2, 8),
        (SENDER_NUMBER, 1, 4),
        (SENDER_NEXT, 1_000, 4),
        (ROTATIONS, 0, 4),
        (ROTATIONS, u32::MAX.into(), 4),
        (KEY_MADE, 2, 8),
        (KEY_MADE + 8, u32::MAX.into(), 4),
        (KEY_UNTIL, 2, 8),
        (KEY_FIRST, 0, 4),
    ] {
        let read = with_number(at, value, width);
        assert!(read.is_ok(), "{value} at {at}: {read:?}");
    }
}

/// the keys of a group have one order in its snapshot, and no sender has more than five.
#[test]
fn a_groups_keys_are_in_order() {
    // The same key again and again, under these names.
    let with = |names: &[u8]| {
        snapshot().with(|body| {
            let key = body.split_off(KEYS + 4);
            body[KEYS + 3] = u8::try_from(names.len()).unwrap();
            for name in names {
                body.extend([&[*name], &key[1..]].concat());
            }
        })
    };
    assert!(with(&[1, 2, 3, 4, 5]).is_ok());
    for wrong in [&[1, 1][..], &[2, 1], &[1, 2, 3, 5, 4], &[1, 2, 3, 4, 5, 6]] {
        assert_eq!(with(wrong), Err(DecodeError::NotCanonical), "{wrong:?}");
    }
}

/// the epochs of a group before the current one ascend.
#[test]
fn a_groups_epochs_are_in_order() {
    let with = |first: u64| {
        snapshot().with(|body| {
            body[KNOWN + 1] = 2;
            let epoch = [&first.to_be_bytes()[..], &[7; 32]].concat();
            body.splice(KNOWN + 2..KNOWN + 2, epoch);
        })
    };
    assert!(with(0).is_ok());
    assert_eq!([with(1), with(2)], [(); 2].map(|()| Err(DecodeError::NotCanonical)));
}

/// when a newer key was seen is there or not, and read as it was written.
#[test]
fn a_group_notes_when_a_newer_key_was_seen() {
    for seen in [0, u64::MAX] {
        let marked = |flag: u8| {
            snapshot().with(|body| {
                body[KEY_NEWER] = flag;
                body.splice(KEY_NEWER + 1..KEY_NEWER + 1, u64::to_be_bytes(seen));
            })
        };
        assert!(marked(1).is_ok());
        assert!(marked(0).is_err());
    }
    assert!(snapshot().with_part(KEY_NEWER, &[1]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

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
