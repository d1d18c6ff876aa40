//! A group that is stored and restored goes on; what was damaged, is old or is something else is refused.

mod assembly;
mod common;
mod forge;
mod village;

use assembly::forger::{self, HEADER};
use assembly::giving::given;
use assembly::stored::{Key, Member, Stored};
use assembly::{ALICE, Assembly, BOB, CAROL, DAVE, copy};
use common::{NOW, World};
use confidant::{
    DecodeError, DistributeError, DistributionError, GroupDecryptError, GroupSession, PreKeyStore,
    RestoreError, Session, Suite, UnixTime,
};
use forge::snapshot::reseal;

/// Bob's state with something in every part: his own key, given to Alice; Alice's key with a kept message key and a mark; a
/// known epoch, and Dave, who came with the current one.
fn scene() -> (Assembly, Vec<u8>) {
    let mut assembly = Assembly::with_key(3);
    assembly.rotate(BOB);
    assembly.give(BOB, ALICE);
    let kept = assembly.send(ALICE, b"kept");
    let read = assembly.send(ALICE, b"read");
    assembly.opens(BOB, &read, b"read");
    assert!(assembly.group(BOB).expire_skipped(NOW, 100));
    assembly.change(2, &[ALICE, BOB, CAROL, DAVE]);
    (assembly, kept)
}

/// And a newer key of Alice's, which was seen.
fn followed() -> Assembly {
    let (mut assembly, _) = scene();
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    assert!(assembly.group(BOB).expire_skipped(NOW, 100));
    assembly
}

fn restore(bytes: &[u8], min_changes: u64) -> Option<RestoreError> {
    GroupSession::restore(bytes, min_changes).err()
}

/// a snapshot with fewer changes than the caller has stored is refused; the number is in the snapshot.
#[test]
fn an_old_snapshot_is_stale() {
    let (mut assembly, kept) = scene();
    let bob = assembly.group(BOB);
    let old = bob.snapshot();
    assert_eq!(old.epoch(), bob.changes());
    assembly.opens(BOB, &kept, b"kept");
    let new = assembly.group(BOB).snapshot();
    assert_eq!(new.epoch(), old.epoch() + 1);
    for min_changes in [0, old.epoch() - 1, old.epoch()] {
        assert_eq!(restore(old.expose(), min_changes), None);
    }
    for min_changes in [new.epoch(), u64::MAX] {
        assert_eq!(restore(old.expose(), min_changes), Some(RestoreError::Stale));
    }
    let restored = GroupSession::restore(new.expose(), new.epoch()).unwrap();
    assert_eq!(restored.changes(), new.epoch());
    // That it is damaged is said before that it is old.
    let mut damaged = old.expose().to_vec();
    damaged[20] ^= 1;
    let error = RestoreError::Malformed(DecodeError::Corrupted);
    assert_eq!(restore(&damaged, u64::MAX), Some(error));
}

/// each call that changes something counts one, and no other.
#[test]
fn changes_are_counted() {
    let mut assembly = Assembly::new(3);
    let mut expected = [0; 3];
    let mut count = |assembly: &Assembly, who: usize, by: u64| {
        expected[who] += by;
        let changes = assembly.groups.values().map(GroupSession::changes);
        assert_eq!(changes.collect::<Vec<_>>(), expected);
    };
    count(&assembly, ALICE, 0);
    assembly.rotate(ALICE);
    count(&assembly, ALICE, 1);
    let key = assembly.key(ALICE, BOB);
    count(&assembly, ALICE, 1);
    drop(assembly.key(ALICE, BOB));
    count(&assembly, ALICE, 0);
    assembly.group(BOB).receive(&key).unwrap();
    count(&assembly, BOB, 1);
    assembly.declines(BOB, &key, DistributionError::Replayed);
    let late = assembly.send(ALICE, b"late");
    let message = assembly.send(ALICE, b"text");
    count(&assembly, ALICE, 2);
    assembly.opens(BOB, &message, b"text");
    count(&assembly, BOB, 1);
    assembly.refuses(BOB, &message, GroupDecryptError::Duplicate);
    assert!(assembly.group(BOB).expire_skipped(NOW, 100));
    count(&assembly, BOB, 1);
    assert!(!assembly.group(BOB).expire_skipped(NOW, 100));
    count(&assembly, BOB, 0);
    assembly.opens(BOB, &late, b"late");
    count(&assembly, BOB, 1);
    for who in [ALICE, BOB, CAROL] {
        let list = assembly.village.members([ALICE, BOB, CAROL]);
        assembly.group(who).change(2, list).unwrap();
        count(&assembly, who, 1);
    }
}

/// a snapshot with any bit flipped is refused.
#[test]
fn every_bit_of_a_snapshot_matters() {
    let mut assembly = followed();
    let snapshot = assembly.group(BOB).snapshot();
    let genuine = snapshot.expose();
    for bit in 0..genuine.len() * 8 {
        let mut changed = genuine.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        let error = match bit / 8 {
            0..5 => DecodeError::WrongKind,
            5 => DecodeError::UnsupportedVersion,
            _ => DecodeError::Corrupted,
        };
        assert_eq!(restore(&changed, 0), Some(RestoreError::Malformed(error)), "bit {bit}");
    }
    assert_eq!(restore(genuine, 0), None);
}

/// nothing can be cut off, with or without a new checksum, and nothing added.
#[test]
fn a_snapshot_is_whole() {
    let mut assembly = followed();
    let snapshot = assembly.group(BOB).snapshot();
    let genuine = snapshot.expose();
    for len in 0..genuine.len() {
        let cut = restore(&genuine[..len], 0);
        let error = if len < 8 { DecodeError::Truncated } else { DecodeError::Corrupted };
        assert_eq!(cut, Some(RestoreError::Malformed(error)), "{len} bytes");
        if len >= 22 {
            let mut resealed = genuine[..len].to_vec();
            reseal(&mut resealed);
            assert!(restore(&resealed, 0).is_some(), "{len} bytes");
        }
    }
    let mut longer = [genuine, &[0]].concat();
    assert_eq!(restore(&longer, 0), Some(RestoreError::Malformed(DecodeError::Corrupted)));
    reseal(&mut longer);
    assert_eq!(restore(&longer, 0), Some(RestoreError::Malformed(DecodeError::TrailingBytes)));
}

/// no snapshot is read as one of another kind.
#[test]
fn a_snapshot_of_another_kind_is_refused() {
    let (mut assembly, _) = scene();
    let mut world = World::new(Suite::X3dh, 1, 65);
    let error = Some(RestoreError::Malformed(DecodeError::WrongKind));
    assert_eq!(restore(world.prekeys.snapshot().expose(), 0), error);
    assert_eq!(restore(world.initiate().snapshot().expose(), 0), error);
    let group = assembly.group(BOB).snapshot();
    assert_eq!(Session::restore(group.expose(), 0).err(), error);
    assert_eq!(PreKeyStore::restore(group.expose(), 0).err(), error);
    for kind in [1, 2] {
        let mut renamed = group.expose().to_vec();
        renamed[4] = kind;
        reseal(&mut renamed);
        assert_eq!(restore(&renamed, 0), error);
        assert!(Session::restore(&renamed, 0).is_err());
        assert!(PreKeyStore::restore(&renamed, 0).is_err());
    }
}

/// what is restored is the same to the last byte, and goes on sending, receiving what comes, what was passed over and
/// what is new, and refusing what was read.
#[test]
fn a_restored_group_goes_on() {
    let (mut assembly, kept) = scene();
    assembly.restore(ALICE);
    assembly.restore(BOB);
    let before = assembly.group(BOB).snapshot();
    assert_eq!(before.expose(), copy(&assembly.groups[&BOB]).snapshot().expose());

    assembly.opens(BOB, &kept, b"kept");
    assembly.restore(BOB);
    assembly.refuses(BOB, &kept, GroupDecryptError::Duplicate);
    let next = assembly.send(ALICE, b"next");
    assembly.opens(BOB, &next, b"next");

    let bob = assembly.group(BOB);
    assert!(!bob.is_rotation_due(NOW));
    let awaiting: Vec<_> = bob.awaiting().collect();
    assert_eq!(awaiting, assembly.village.members([CAROL, DAVE]));
    let bobs = assembly.send(BOB, b"Bob's");
    assembly.opens(ALICE, &bobs, b"Bob's");
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    let new = assembly.send(ALICE, b"new key");
    assembly.opens(BOB, &new, b"new key");
}

/// marks, known epochs, and that a key is due are in the snapshot.
#[test]
fn a_restored_group_remembers() {
    let (mut assembly, kept) = scene();
    assembly.rotate(CAROL);
    let carols = assembly.key(CAROL, BOB);
    assembly.change(3, &[ALICE, BOB, CAROL]);
    assembly.restore(BOB);
    let later = UnixTime::from_secs(NOW.as_secs() + 100);
    assert!(assembly.group(BOB).expire_skipped(later, 100));
    assembly.refuses(BOB, &kept, GroupDecryptError::Forgotten);
    assert!(assembly.group(BOB).is_rotation_due(NOW));
    assembly.restore(BOB);
    assembly.refuses(BOB, &kept, GroupDecryptError::Forgotten);
    let Assembly { village, groups, .. } = &mut assembly;
    let peer = village.session(BOB, ALICE).peer();
    let refused = groups.get_mut(&BOB).unwrap().distribute(peer).err();
    assert_eq!(refused, Some(DistributeError::RotationDue));
    assembly.group(BOB).receive(&carols).unwrap();
}

/// a sender that was rolled back encrypts to the same iteration again, with other bytes; a receiver reads one of the two.
#[test]
fn a_rolled_back_sender_does_not_repeat_itself() {
    let mut assembly = Assembly::with_key(3);
    let before = copy(&assembly.groups[&ALICE]);
    let first = assembly.send(ALICE, b"text");
    assembly.groups.insert(ALICE, before);
    let second = assembly.send(ALICE, b"text");
    assert_eq!(first[..HEADER], second[..HEADER]);
    assert!(first.iter().zip(&second).skip(HEADER).filter(|(a, b)| a == b).count() < 30);
    assembly.opens(BOB, &first, b"text");
    assembly.refuses(BOB, &second, GroupDecryptError::Duplicate);
    assembly.opens(CAROL, &second, b"text");
    assembly.refuses(CAROL, &first, GroupDecryptError::Duplicate);
}

/// a group from before a removal, in which the key of then is not due, is refused by whoever has stored the number.
#[test]
fn a_group_from_before_a_removal_is_stale() {
    let mut assembly = Assembly::with_key(3);
    let before = assembly.group(ALICE).snapshot();
    assembly.change(2, &[ALICE, BOB]);
    let stored = assembly.group(ALICE).changes();
    assert!(assembly.group(ALICE).is_rotation_due(NOW));
    assert_eq!(restore(before.expose(), stored), Some(RestoreError::Stale));
    let after = assembly.group(ALICE).snapshot();
    assert!(GroupSession::restore(after.expose(), stored).unwrap().is_rotation_due(NOW));
    // Without the number the removal is undone.
    assert!(!GroupSession::restore(before.expose(), 0).unwrap().is_rotation_due(NOW));
}

/// since when somebody is a member is in the snapshot.
#[test]
fn a_restored_group_remembers_since_when() {
    let (mut assembly, _) = scene();
    let since = |group: &GroupSession| {
        Stored::of(group).members.iter().map(|member| member.since).collect::<Vec<_>>()
    };
    assert_eq!(since(&assembly.groups[&BOB]), [0, 0, 0, 2]);
    assembly.change(3, &[ALICE, BOB, DAVE]);
    assembly.restore(BOB);
    assembly.change(4, &[ALICE, BOB, CAROL, DAVE]);
    assert_eq!(since(&assembly.groups[&BOB]), [0, 0, 4, 2]);
    let stored = Stored::of(&assembly.groups[&BOB]);
    let known: Vec<_> = stored.known.iter().map(|(number, _)| *number).collect();
    assert_eq!(known, [1, 2, 3]);
    assert_eq!(forger::epoch(4, assembly.groups[&BOB].members_hash()), assembly.epoch(BOB));
}

type Change = fn(&mut Stored);

/// What no state of ours is.
const NOT_CANONICAL: &[(&str, Change)] = &[
    ("no group id", |s| s.group.clear()),
    ("we are not a member", |s| s.identity = s.members[0].identity),
    ("nor at that address", |s| s.address[3] ^= 1),
    ("members out of order", |s| s.members.swap(2, 3)),
    ("a member twice", |s| s.members[3].address = s.members[2].address.clone()),
    ("a member of the future", |s| s.members[3].since = 3),
    ("we ourselves", |s| s.members[1].since = u64::MAX),
    ("known epochs out of order", |s| s.known = vec![(1, [0; 32]), (0, [0; 32])]),
    ("a known epoch twice", |s| s.known.push(s.known[0])),
    ("the current one among them", |s| s.known.push((2, [0; 32]))),
    ("a later one", |s| s.known.push((u64::MAX, [0; 32]))),
    ("rotation after no message", |s| s.messages = 0),
    ("rotation after too many", |s| s.messages = 2_001),
    ("rotation after no time", |s| s.seconds = 0),
    ("a key of a later epoch", |s| s.own.as_mut().unwrap().epoch.0 = 3),
    ("a key used too often", |s| s.own.as_mut().unwrap().next = 1_001),
    ("used to the end of the counter", |s| s.own.as_mut().unwrap().next = u32::MAX),
    ("due: neither 0 nor 1", |s| s.due = 2),
    ("given, but no key", |s| s.own = None),
    ("given to ourselves", |s| s.given = vec![s.address.clone()]),
    ("given to a stranger", |s| s.given[0][3] ^= 1),
    ("given out of order", |s| s.given.insert(0, s.members[3].address.clone())),
    ("given twice", |s| s.given.push(s.given[0].clone())),
    ("a last removal of the future", |s| s.last_removal = 3),
    ("a first key of the future", |s| s.members[3].from = (3, 0)),
    ("and our own", |s| s.members[1].from = (u64::MAX, 0)),
    ("a key of ours that was not made", |s| s.own.as_mut().unwrap().number = 2),
    ("nor counted", |s| (s.rotations, s.own.as_mut().unwrap().number) = (0, 1)),
    ("a key of our own", |s| s.keys[0].sender.clone_from(&s.address)),
    ("a key of another's of the future", |s| held(s).made = (3, 0)),
    ("one that is over", |s| s.members[0].from = (1, 1)),
    ("both of them", |s| s.members[0].from = (2, 2)),
    ("until it was made", |s| held(s).until = 1),
    ("until before it was made", |s| s.keys.iter_mut().for_each(|key| key.until = 0)),
    ("keys out of order", |s| s.keys.swap(0, 1)),
    ("a key twice", |s| s.keys[1].id = s.keys[0].id),
    ("a stranger's key", |s| s.keys[0].sender[3] ^= 1),
    ("first after the next", |s| s.keys.iter_mut().for_each(|key| key.first = key.next + 1)),
    ("kept before the first", |s| held(s).first = 1),
    ("kept, but not passed", |s| held(s).kept[0].0[1] = 2),
    ("kept twice", |s| held(s).kept = vec![held(s).kept[0]; 2]),
    ("kept, but forgotten", |s| held(s).forgotten = [0, 1]),
    ("kept in another chain", |s| held(s).kept[0].0[0] = 1),
    ("a mark in another chain", |s| held(s).marks[0].1 = [1, 0]),
    ("a mark ahead", |s| held(s).marks[0].1 = [0, 3]),
    ("marks out of order", |s| held(s).marks = vec![(2, [0, 1]), (1, [0, 2])]),
    ("marks at one place", |s| held(s).marks = vec![(1, [0, 1]), (1, [0, 1])]),
    ("forgotten ahead", |s| {
        held(s).kept.clear();
        held(s).forgotten = [0, 3];
    }),
    ("forgotten in another chain", |s| {
        held(s).kept.clear();
        held(s).marks.clear();
        held(s).forgotten = [1, 0];
    }),
    ("six keys of one sender", |s| {
        let key = s.keys[0].clone();
        let made = |n: u8| (1, n.into());
        s.keys = (0..6).map(|n| Key { id: [n; 16], made: made(n), ..key.clone() }).collect();
    }),
];

/// The key with a kept message key.
fn held(stored: &mut Stored) -> &mut Key {
    stored.keys.iter_mut().find(|key| !key.kept.is_empty() || key.next == 2).unwrap()
}

/// what no call would have made is refused, each for itself.
#[test]
fn an_impossible_state_is_refused() {
    let assembly = followed();
    for (name, change) in NOT_CANONICAL {
        let mut stored = Stored::of(&assembly.groups[&BOB]);
        assert_eq!((stored.keys.len(), held(&mut stored).kept.len()), (2, 1));
        change(&mut stored);
        let error = RestoreError::Malformed(DecodeError::NotCanonical);
        assert_eq!(restore(&stored.write(), 0), Some(error), "{name}");
    }
}

/// so is more than there can be of anything.
#[test]
fn a_state_above_its_bounds_is_refused() {
    let assembly = followed();
    let above: &[(&str, Change)] = &[
        ("members", |s| s.members = crowd(5_001)),
        ("known epochs", |s| s.known = (0..1_000).map(|n| (n, [0; 32])).collect()),
        ("given", |s| s.given = crowd(5_001).into_iter().map(|it| it.address).collect()),
        ("keys", |s| s.keys = vec![s.keys[0].clone(); 25_001]),
        ("marks", |s| held(s).marks = vec![(1, [0, 1]); 17]),
        ("kept keys", |s| held(s).kept = vec![([0, 0], [0; 32]); 501]),
    ];
    for (name, change) in above {
        let mut stored = Stored::of(&assembly.groups[&BOB]);
        change(&mut stored);
        let error = RestoreError::Malformed(DecodeError::TooMany);
        assert_eq!(restore(&stored.write(), 0), Some(error), "{name}");
    }
}

fn crowd(n: u32) -> Vec<Member> {
    let address = |n: u32| [&b"\x01\x00\x02\x01u\x03"[..], &n.to_be_bytes()].concat();
    let member = |address| Member { address, identity: [0; 64], since: 0, from: (0, 0) };
    (0..n).map(|n| member(address(n))).collect()
}

/// At the end of every counter: as far as a snapshot may say.
const EXTREMES: &[(&str, Change)] = &[
    ("changes", |s| s.changes = u64::MAX),
    ("the epoch's number", |s| s.number = u64::MAX),
    ("everybody came just now", |s| {
        s.number = u64::MAX;
        s.members.iter_mut().for_each(|member| member.since = u64::MAX);
    }),
    ("known epochs", |s| {
        s.number = 1_000;
        s.known = (1..1_000).map(|number| (number, [0; 32])).collect();
    }),
    ("rotation", |s| (s.messages, s.seconds) = (2_000, u64::MAX)),
    ("a key that is used up", |s| s.own.as_mut().unwrap().next = 1_000),
    ("a key of the end of time", |s| s.own.as_mut().unwrap().created = u64::MAX),
    ("a newer one at the end of time", |s| held(s).superseded = Some(u64::MAX)),
    ("a last removal just now", |s| s.last_removal = 2),
    ("every key made that can be", |s| {
        (s.rotations, s.own.as_mut().unwrap().number) = (u32::MAX, u32::MAX);
    }),
    ("and every one of another's", |s| {
        let key = s.keys.iter_mut().find(|key| key.kept.is_empty()).unwrap();
        key.made = (2, u32::MAX);
        s.members[0].from = (1, 0);
    }),
    ("every key over", |s| {
        let (number, absent) = (s.number, &mut s.members[2..]);
        absent.iter_mut().for_each(|member| member.from = (number, u32::MAX));
    }),
    ("a mark of the end of time", |s| held(s).marks[0].0 = u64::MAX),
    ("a chain at its end", |s| {
        s.keys.iter_mut().for_each(|key| key.next = u32::MAX);
    }),
    ("a chain given at its end", |s| {
        held(s).kept.clear();
        held(s).marks.clear();
        s.keys.iter_mut().for_each(|key| (key.first, key.next) = (u32::MAX, u32::MAX));
    }),
    ("everything", |s| {
        (s.changes, s.number) = (u64::MAX, u64::MAX);
        (s.messages, s.seconds) = (2_000, u64::MAX);
        s.last_removal = u64::MAX;
        (s.rotations, s.own.as_mut().unwrap().number) = (u32::MAX, u32::MAX);
        held(s).superseded = Some(u64::MAX);
        s.keys.iter_mut().for_each(|key| key.next = u32::MAX);
    }),
];

fn survives(group: &GroupSession, name: &str) {
    let snapshot = group.snapshot();
    let restored = GroupSession::restore(snapshot.expose(), group.changes());
    let restored = restored.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    assert_eq!(restored.snapshot().expose(), snapshot.expose(), "{name}");
}

/// a state at the end of a counter is read, and whatever it goes on to do can be stored again.
#[test]
fn an_extreme_state_can_be_stored_again() {
    for (name, change) in EXTREMES {
        let mut assembly = followed();
        let mut stored = Stored::of(&assembly.groups[&BOB]);
        change(&mut stored);
        let bytes = stored.write();
        let group = GroupSession::restore(&bytes, 0);
        let mut group = group.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(group.snapshot().expose(), bytes, "{name}");
        let _changed = group.expire_skipped(NOW, 1_000);
        survives(&group, name);
        assembly.rotate(ALICE);
        let key = assembly.key(ALICE, BOB);
        if group.receive(&key).is_ok() {
            survives(&group, name);
            group.decrypt(&assembly.send(ALICE, b"text"), b"").unwrap();
            survives(&group, name);
        }
        let list = assembly.village.members([ALICE, BOB, CAROL]);
        if group.change(group.epoch_number().saturating_add(1), list).is_ok() {
            survives(&group, name);
        }
        group.rotate(NOW, &mut assembly.rng).unwrap();
        survives(&group, name);
        group.encrypt(b"text", b"", NOW, &mut assembly.rng).unwrap();
        survives(&group, name);
    }
}

/// whoever has made 4,294,967,295 keys goes on making keys, all with the last number; they are given, taken in and
/// stored, and five of them are as many as there can be in an epoch.
#[test]
fn numbers_do_not_run_out() {
    let last = u32::MAX.to_be_bytes();
    for left in [0, 1, 2] {
        let mut assembly = Assembly::with_key(3);
        let mut stored = Stored::of(&assembly.groups[&ALICE]);
        stored.rotations = u32::MAX - left;
        let alice = GroupSession::restore(&stored.write(), 0).unwrap();
        assembly.groups.insert(ALICE, alice);
        for _ in 0..4 {
            assembly.rotate(ALICE);
            survives(&assembly.groups[&ALICE], &format!("{left} numbers left"));
            let key = assembly.key(ALICE, BOB);
            assembly.group(BOB).receive(&key).unwrap();
            survives(&assembly.groups[&BOB], &format!("{left} numbers left"));
            let message = assembly.send(ALICE, b"text");
            assembly.opens(BOB, &message, b"text");
        }
        assert_eq!(given(&mut assembly)[forger::NUMBER], last);
        assembly.change(2, &[ALICE, BOB, CAROL]);
        assembly.rotate(ALICE);
        assert_eq!(given(&mut assembly)[forger::NUMBER], last);
        assembly.give(ALICE, BOB);
        survives(&assembly.groups[&BOB], &format!("{left} numbers left"));
        let message = assembly.send(ALICE, b"text");
        assembly.opens(BOB, &message, b"text");
    }
}

/// when keys were made, until when they may be used, which are over, when somebody was last removed, and how
/// many keys we have made: all of it is in the snapshot, as the specification says.
#[test]
fn a_snapshot_says_which_keys_are_old() {
    let mut assembly = followed();
    let stored = Stored::of(&assembly.groups[&BOB]);
    let from = |stored: &Stored| stored.members.iter().map(|it| it.from).collect::<Vec<_>>();
    let keys = |stored: &Stored| {
        let mut keys: Vec<_> = stored.keys.iter().map(|key| (key.made, key.until)).collect();
        keys.sort_unstable();
        keys
    };
    assert_eq!((stored.last_removal, stored.rotations), (0, 1));
    assert_eq!(stored.own.as_ref().unwrap().number, 0);
    assert_eq!(from(&stored), [(0, 0); 4]);
    assert_eq!(keys(&stored), [((1, 0), 2), ((2, 1), u64::MAX)]);

    let later = UnixTime::from_secs(NOW.as_secs() + 100);
    assert!(assembly.group(BOB).expire_skipped(later, 100));
    let list = assembly.village.members([ALICE, BOB, CAROL]);
    assembly.group(BOB).change(7, list.clone()).unwrap();
    assembly.rotate(BOB);
    let stored = Stored::of(&assembly.groups[&BOB]);
    // Some time after epoch 2, as far as Bob knows.
    assert_eq!((stored.number, stored.last_removal, stored.rotations), (7, 3, 2));
    assert_eq!(stored.own.as_ref().unwrap().number, 1);
    assert_eq!(from(&stored), [(1, 1), (0, 0), (0, 0)]);
    assert_eq!(keys(&stored), [((2, 1), u64::MAX)]);

    // Who goes takes with it what was remembered.
    assembly.group(BOB).change(8, list[1..].to_vec()).unwrap();
    assembly.group(BOB).change(9, list).unwrap();
    let stored = Stored::of(&assembly.groups[&BOB]);
    assert_eq!((stored.number, stored.last_removal), (9, 8));
    assert_eq!(from(&stored), [(0, 0); 3]);
    assert_eq!(stored.members.iter().map(|it| it.since).collect::<Vec<_>>(), [9, 0, 0]);
    assert!(stored.keys.is_empty());
}
