//! Who is in a group: what a list of members may be, what a change means, and what becomes of the keys of those who go.

mod assembly;
mod common;
mod forge;
mod village;

use assembly::forger;
use assembly::{ALICE, Assembly, BOB, CAROL, DAVE, device};
use common::NOW;
use confidant::{
    DistributeError, GroupDecryptError, GroupError, GroupId, GroupSession, Party, Rotation,
};

/// A group's name has 1 to 255 bytes, of any kind.
#[test]
fn a_group_id_is_bounded() {
    for wrong in [&[][..], &[7; 256], &[7; 65_536]] {
        assert_eq!(GroupId::new(wrong), Err(GroupError::InvalidGroupId));
    }
    for right in [&[0][..], &[7; 255], b"\xff\0"] {
        assert_eq!(GroupId::new(right).unwrap().as_bytes(), right);
    }
}

fn new(us: Party, members: Vec<Party>) -> Option<GroupError> {
    let id = GroupId::new("village").unwrap();
    GroupSession::new(id, us, 1, members, Rotation::default()).err()
}

/// A new group has its maker in it, as the maker is, and every address once.
#[test]
fn a_new_group_is_checked() {
    let mut assembly = Assembly::new(1);
    let [alice, bob, carol] = [ALICE, BOB, CAROL].map(|who| assembly.village.devices[who].member());
    let address = assembly.village.devices[ALICE].address.clone();
    let other = assembly.join_at(address);
    let other = assembly.village.devices[other].member();
    let device = Party::new(device("user0", 2), *alice.identity());
    let us = || alice.clone();
    assert_eq!(new(us(), vec![us()]), None);
    assert_eq!(new(us(), vec![bob.clone(), us(), device.clone()]), None);
    for without in [vec![], vec![bob.clone()], vec![bob.clone(), other.clone()], vec![device]] {
        assert_eq!(new(us(), without), Some(GroupError::NotAMember));
    }
    for twice in [
        vec![us(), us()],
        vec![us(), other],
        vec![us(), bob.clone(), carol.clone(), bob.clone()],
        // Named before it is seen that we are not there.
        vec![bob.clone(), carol, bob],
    ] {
        assert_eq!(new(us(), twice), Some(GroupError::DuplicateMember));
    }
}

/// A change is to a later epoch and keeps us, as we are, in the list; otherwise nothing has changed.
#[test]
fn a_change_is_checked() {
    let mut assembly = Assembly::with_key(3);
    assembly.come(BOB, 5, &[ALICE, BOB, CAROL]);
    let address = assembly.village.devices[BOB].address.clone();
    let other = assembly.join_at(address);
    let lists = |indices: &[usize]| assembly.village.members(indices.iter().copied());
    let all = lists(&[ALICE, BOB, CAROL]);
    let twice = lists(&[ALICE, BOB, CAROL, ALICE]);
    let other_list = lists(&[BOB, CAROL]);
    let refused = [
        (5, all.clone(), GroupError::OldEpoch),
        (4, all.clone(), GroupError::OldEpoch),
        (0, all.clone(), GroupError::OldEpoch),
        (5, other_list.clone(), GroupError::MembersDiffer),
        (5, lists(&[ALICE, BOB, CAROL, DAVE]), GroupError::MembersDiffer),
        (5, lists(&[ALICE, other, CAROL]), GroupError::MembersDiffer),
        (5, vec![], GroupError::MembersDiffer),
        (4, other_list, GroupError::OldEpoch),
        (0, vec![], GroupError::OldEpoch),
        (5, twice.clone(), GroupError::DuplicateMember),
        (4, twice.clone(), GroupError::DuplicateMember),
        (6, twice, GroupError::DuplicateMember),
        (6, lists(&[BOB, other]), GroupError::DuplicateMember),
        (6, lists(&[ALICE, CAROL]), GroupError::NotAMember),
        (6, lists(&[ALICE, other]), GroupError::NotAMember),
        (6, vec![], GroupError::NotAMember),
    ];
    let bob = assembly.group(BOB);
    for (number, list, error) in refused {
        let before = bob.snapshot();
        assert_eq!(bob.change(number, list), Err(error));
        assert_eq!(before.expose(), bob.snapshot().expose());
    }
    bob.change(u64::MAX, all.clone()).unwrap();
    assert_eq!(bob.epoch_number(), u64::MAX);
    assert_eq!(bob.change(u64::MAX, all.clone()), Err(GroupError::OldEpoch));
    assert_eq!(bob.change(u64::MAX, all[..2].to_vec()), Err(GroupError::MembersDiffer));
}

/// A change says who is new and who is gone; another identity at an address is both.
#[test]
fn a_change_names_who_came_and_who_went() {
    let mut assembly = Assembly::new(3);
    let address = assembly.village.devices[CAROL].address.clone();
    let other = assembly.join_at(address);
    for (number, members, added, removed) in [
        (2, vec![CAROL, BOB, ALICE], vec![], vec![]),
        (3, vec![ALICE, BOB, CAROL, DAVE], vec![DAVE], vec![]),
        (4, vec![ALICE, other, DAVE], vec![other], vec![BOB, CAROL]),
        (9, vec![ALICE, BOB, CAROL], vec![BOB, CAROL], vec![other, DAVE]),
    ] {
        let list = assembly.village.members(members);
        let added = assembly.village.members(added);
        let removed = assembly.village.members(removed);
        let changed = assembly.group(ALICE).change(number, list).unwrap();
        assert_eq!((changed.added, changed.removed), (added, removed));
        assert_eq!(assembly.group(ALICE).epoch_number(), number);
    }
}

/// a key is given to members only: not to a stranger, not to oneself, and not to another identity at a member's address.
#[test]
fn a_key_is_given_to_members_only() {
    let mut assembly = Assembly::with_key(3);
    let address = assembly.village.devices[CAROL].address.clone();
    let other = assembly.join_at(address);
    let second = assembly.join_at(device("user2", 2));
    let Assembly { village, groups, .. } = &mut assembly;
    let stranger = village.session(ALICE, DAVE).peer().clone();
    let ourselves = village.session(BOB, ALICE).peer().clone();
    let other = village.session(ALICE, other).peer().clone();
    let second = village.session(ALICE, second).peer().clone();
    let alice = groups.get_mut(&ALICE).unwrap();
    let refuse = |alice: &mut GroupSession| {
        let before = alice.snapshot();
        for peer in [&stranger, &ourselves, &other, &second] {
            assert_eq!(alice.distribute(peer).err(), Some(DistributeError::NotAMember));
        }
        assert_eq!(before.expose(), alice.snapshot().expose());
    };
    refuse(alice);
    // That somebody is no member is said first, when the key is due as well.
    alice.change(2, village.members([ALICE, BOB])).unwrap();
    refuse(alice);
    let carol = village.session(ALICE, CAROL).peer();
    assert_eq!(alice.distribute(carol).err(), Some(DistributeError::NotAMember));
    let bob = village.session(ALICE, BOB).peer();
    assert_eq!(alice.distribute(bob).err(), Some(DistributeError::RotationDue));
}

fn hash(assembly: &Assembly, id: &str, number: u64, members: &[usize]) -> [u8; 32] {
    *assembly.other_group(id, ALICE, number, members).members_hash()
}

/// two devices that were told of the same members have the same hash, in whatever order they were told.
#[test]
fn the_members_hash_is_of_the_set() {
    let assembly = Assembly::new(4);
    let first = *assembly.groups[&ALICE].members_hash();
    for group in assembly.groups.values() {
        assert_eq!(*group.members_hash(), first);
    }
    for order in [[3, 2, 1, 0], [1, 3, 0, 2]] {
        assert_eq!(hash(&assembly, "village", 1, &order), first);
    }
}

/// any other list has another hash: one member more or less, another user, device, or identity; and another group.
#[test]
fn the_members_hash_is_of_every_member_and_of_the_group() {
    let mut assembly = Assembly::new(3);
    let address = assembly.village.devices[CAROL].address.clone();
    let identity = assembly.join_at(address);
    let number = assembly.join_at(device("user2", 2));
    let mut hashes = vec![
        hash(&assembly, "village", 1, &[ALICE, BOB, CAROL]),
        hash(&assembly, "village", 1, &[ALICE]),
        hash(&assembly, "village", 1, &[ALICE, BOB]),
        hash(&assembly, "village", 1, &[ALICE, CAROL]),
        hash(&assembly, "village", 1, &[ALICE, BOB, DAVE]),
        hash(&assembly, "village", 1, &[ALICE, BOB, CAROL, DAVE]),
        hash(&assembly, "village", 1, &[ALICE, BOB, identity]),
        hash(&assembly, "village", 1, &[ALICE, BOB, number]),
        hash(&assembly, "villages", 1, &[ALICE, BOB, CAROL]),
        hash(&assembly, "Village", 1, &[ALICE, BOB, CAROL]),
    ];
    // Two members who have changed identities.
    let [bob, carol] = [BOB, CAROL].map(|who| assembly.village.devices[who].member());
    let swapped = vec![
        assembly.village.devices[ALICE].member(),
        Party::new(bob.address().clone(), *carol.identity()),
        Party::new(carol.address().clone(), *bob.identity()),
    ];
    let alice = assembly.group(ALICE);
    alice.change(2, swapped).unwrap();
    hashes.push(*alice.members_hash());
    let count = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), count);
}

/// the hash is of the members, so that a change that changes nobody leaves it; the epoch is another all the same, and
/// so is every key id.
#[test]
fn the_members_hash_does_not_depend_on_the_epoch() {
    let mut assembly = Assembly::new(2);
    let [first, later] = [1, 7].map(|number| hash(&assembly, "village", number, &[ALICE, BOB]));
    assert_eq!(first, later);
    let mut ids = Vec::new();
    for number in 2..4 {
        assembly.change(number, &[ALICE, BOB]);
        let mut same = common::TestRng::new(64);
        assembly.group(ALICE).rotate(NOW, &mut same).unwrap();
        ids.push(assembly.send(ALICE, b"text")[forger::NAMED_KEY].to_vec());
    }
    assert_ne!(ids[0], ids[1]);
}

/// with a member go its keys, at once: what it has sent and what it goes on sending is not read any more, and nor is what
/// had been passed over. Others' keys stay.
#[test]
fn a_removed_member_is_not_read() {
    let mut assembly = Assembly::with_key(3);
    assembly.rotate(CAROL);
    assembly.give_all(CAROL);
    let passed = assembly.send(CAROL, b"passed over");
    let read = assembly.send(CAROL, b"read");
    let under_way = assembly.send(CAROL, b"under way");
    let alices = assembly.send(ALICE, b"under way");
    assembly.opens(BOB, &read, b"read");
    assert_eq!(assembly.group(BOB).key_count(), 2);
    let mut carol = assembly.groups.remove(&CAROL).unwrap();
    assembly.change(2, &[ALICE, BOB]);
    let afterwards = carol.encrypt(b"afterwards", b"", NOW, &mut assembly.rng).unwrap();

    assert_eq!(assembly.group(BOB).key_count(), 1);
    for message in [&passed, &read, &under_way, &afterwards] {
        assembly.refuses(BOB, message, GroupDecryptError::UnknownKey);
    }
    assembly.opens(BOB, &alices, b"under way");
}

/// who was removed reads nothing of what is sent after the rotation, whatever it still has.
#[test]
fn a_removed_member_does_not_read() {
    let mut assembly = Assembly::with_key(3);
    let carol = assembly.groups.remove(&CAROL).unwrap();
    assembly.change(2, &[ALICE, BOB]);
    assembly.rotate(ALICE);
    assembly.give_all(ALICE);
    let message = assembly.send(ALICE, b"text");
    assembly.groups.insert(CAROL, carol);
    assembly.refuses(CAROL, &message, GroupDecryptError::UnknownKey);
    assembly.opens(BOB, &message, b"text");
}

/// who is taken in again comes with a new key; the old one is gone for good.
#[test]
fn a_member_who_comes_back_has_a_new_key() {
    let mut assembly = Assembly::new(3);
    assembly.rotate(CAROL);
    assembly.give_all(CAROL);
    let old = assembly.send(CAROL, b"old");
    assembly.change(2, &[ALICE, BOB]);
    assembly.change(3, &[ALICE, BOB, CAROL]);
    assembly.refuses(BOB, &old, GroupDecryptError::UnknownKey);
    assembly.come(CAROL, 3, &[ALICE, BOB, CAROL]);
    assembly.rotate(CAROL);
    assembly.give_all(CAROL);
    let new = assembly.send(CAROL, b"new");
    assembly.opens(BOB, &new, b"new");
    assembly.refuses(BOB, &old, GroupDecryptError::UnknownKey);
}

/// with another identity at its address a member is another; what the one before gave is dropped, even if both changes
/// are taken in as one.
#[test]
fn a_member_with_another_identity_is_another_member() {
    let mut assembly = Assembly::new(3);
    assembly.rotate(CAROL);
    assembly.give_all(CAROL);
    let old = assembly.send(CAROL, b"old");
    let address = assembly.village.devices[CAROL].address.clone();
    let other = assembly.join_at(address);
    let members = [ALICE, BOB, other];
    assembly.change(2, &members);
    assembly.refuses(BOB, &old, GroupDecryptError::UnknownKey);
    assembly.come(other, 2, &members);
    assembly.rotate(other);
    assembly.give_all(other);
    let new = assembly.send(other, b"new");
    let received = assembly.group(BOB).decrypt(&new, b"").unwrap();
    assert_eq!(*received.from().identity(), assembly.village.devices[other].identity.public());
}

/// Two devices of one user are two members, with a key each.
#[test]
fn two_devices_of_one_user_are_two_members() {
    let mut assembly = Assembly::new(2);
    let second = assembly.join_at(device("user0", 2));
    let members = [ALICE, BOB, second];
    assembly.change(2, &members);
    assembly.come(second, 2, &members);
    for from in [ALICE, second] {
        assembly.rotate(from);
        assembly.give_all(from);
    }
    let [first, second_s] = [ALICE, second].map(|from| assembly.send(from, b"text"));
    for (message, number) in [(&first, 1), (&second_s, 2)] {
        let received = assembly.group(BOB).decrypt(message, b"").unwrap();
        assert_eq!(received.from().address().device().number(), number);
    }
    assembly.opens(ALICE, &second_s, b"text");
    assembly.opens(second, &first, b"text");
}
