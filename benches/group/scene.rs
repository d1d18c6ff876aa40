//! Groups for the measurements: as many members as wanted, and keys that are due as late as may be.

use confidant::limits::GROUP_MAX_JUMP;
use confidant::{GroupId, GroupSession, Received, Rotation};

use crate::common::{NOW, TestRng};
use crate::village::Village;

/// The group as device `us` has it, every device of the village in it.
pub fn group(village: &Village, us: usize) -> GroupSession {
    let id = GroupId::new("village").unwrap();
    let list = village.members(0..village.devices.len());
    let rotation = Rotation::new(GROUP_MAX_JUMP, u64::MAX).unwrap();
    GroupSession::new(id, village.devices[us].member(), 1, list, rotation).unwrap()
}

/// The same, with a key of its own.
pub fn sender(village: &mut Village, us: usize) -> GroupSession {
    let mut group = group(village, us);
    group.rotate(NOW, &mut village.rng).unwrap();
    group
}

/// A sender in a group of two, the receiver, and the sender's key as the receiver got it.
pub fn two() -> (Village, GroupSession, GroupSession, Received) {
    let mut village = Village::new(2, 20);
    let mut sender = sender(&mut village, 0);
    let receiver = group(&village, 1);
    let key = village.deliver_key(&mut sender, 0, 1);
    (village, sender, receiver, key)
}

/// One message to the group.
pub fn encrypt(sender: &mut GroupSession, plaintext: &[u8], rng: &mut TestRng) -> Vec<u8> {
    sender.encrypt(plaintext, &[], NOW, rng).unwrap()
}

/// A sender in a group of two, and the receiver, who has its key.
pub struct Talk {
    pub village: Village,
    pub sender: GroupSession,
    pub receiver: GroupSession,
}

impl Talk {
    pub fn begin() -> Self {
        let (village, sender, mut receiver, key) = two();
        receiver.receive(&key).unwrap();
        Self { village, sender, receiver }
    }

    /// A new key, given to the receiver.
    pub fn renew(&mut self) {
        self.sender.rotate(NOW, &mut self.village.rng).unwrap();
        let key = self.village.deliver_key(&mut self.sender, 0, 1);
        self.receiver.receive(&key).unwrap();
    }

    pub fn encrypt(&mut self, plaintext: &[u8]) -> Vec<u8> {
        encrypt(&mut self.sender, plaintext, &mut self.village.rng)
    }
}
