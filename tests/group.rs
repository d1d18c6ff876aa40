//! A group, as an application has it.

mod common;
mod village;

use common::{NOW, TestRng};
use confidant::{GroupDecryptError, GroupEncryptError, GroupSession};
use village::Village;

/// Gives `from`'s key to everybody in the group who awaits it, over the pairwise sessions.
fn distribute(village: &mut Village, groups: &mut [Option<GroupSession>], from: usize) {
    let mut ours = groups[from].take().unwrap();
    let awaiting: Vec<_> = ours.awaiting().collect();
    for member in awaiting {
        let to = village.index_of(&member);
        let received = village.deliver_key(&mut ours, from, to);
        if let Some(group) = &mut groups[to] {
            group.receive(&received).unwrap();
        }
    }
    groups[from] = Some(ours);
}

/// who should read does, nobody late or removed can, and a removal forces a rotation.
#[test]
fn a_group_talks_a_member_joins_and_one_is_removed() {
    let mut village = Village::new(4, 7);
    let rng = &mut TestRng::new(8);
    let mut groups: Vec<Option<GroupSession>> =
        (0..3).map(|us| Some(village.group(us, 1, &[0, 1, 2]))).chain([None]).collect();
    let alice = groups[0].as_mut().unwrap();
    assert_eq!(alice.encrypt(b"x", b"", NOW, rng), Err(GroupEncryptError::RotationDue));
    alice.rotate(NOW, rng).unwrap();
    distribute(&mut village, &mut groups, 0);
    let first = groups[0].as_mut().unwrap().encrypt(b"first", b"ad", NOW, rng).unwrap();
    for group in groups[1..3].iter_mut().flatten() {
        let received = group.decrypt(&first, b"ad").unwrap();
        assert_eq!(received.plaintext.as_bytes(), b"first");
        assert_eq!(*received.from().address(), village.devices[0].address);
        assert_eq!(group.decrypt(&first, b"ad"), Err(GroupDecryptError::Duplicate));
        let stored = group.snapshot();
        *group = GroupSession::restore(stored.expose(), stored.epoch()).unwrap();
        assert_eq!(group.snapshot().expose(), stored.expose());
    }

    let all = village.members(0..4);
    for group in groups.iter_mut().flatten() {
        group.change(2, all.clone()).unwrap();
    }
    groups[3] = Some(village.group(3, 2, &[0, 1, 2, 3]));
    let unseen = groups[0].as_mut().unwrap().encrypt(b"unseen", b"", NOW, rng).unwrap();
    distribute(&mut village, &mut groups, 0);
    let second = groups[0].as_mut().unwrap().encrypt(b"second", b"", NOW, rng).unwrap();
    for group in groups[1..].iter_mut().flatten() {
        assert_eq!(group.decrypt(&second, b"").unwrap().plaintext.as_bytes(), b"second");
    }
    let dave = groups[3].as_mut().unwrap();
    assert_eq!(dave.decrypt(&first, b"ad"), Err(GroupDecryptError::OldEpoch));
    assert_eq!(dave.decrypt(&unseen, b""), Err(GroupDecryptError::BeforeOurTime));

    for index in [0, 2, 3] {
        let group = groups[index].as_mut().unwrap();
        let changed = group.change(3, village.members([0, 2, 3])).unwrap();
        assert_eq!(changed.removed, village.members([1]));
    }
    let alice = groups[0].as_mut().unwrap();
    assert_eq!(alice.encrypt(b"x", b"", NOW, rng), Err(GroupEncryptError::RotationDue));
    alice.rotate(NOW, rng).unwrap();
    distribute(&mut village, &mut groups, 0);
    let third = groups[0].as_mut().unwrap().encrypt(b"third", b"", NOW, rng).unwrap();
    let bob = groups[1].as_mut().unwrap();
    assert_eq!(bob.decrypt(&third, b""), Err(GroupDecryptError::UnknownKey));
    for index in [2, 3] {
        assert_eq!(groups[index].as_mut().unwrap().decrypt(&third, b"").unwrap().epoch, 3);
    }
}
