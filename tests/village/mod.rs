//! Devices that can all write to each other, for tests of groups. Needs `mod common;` beside it.
#![allow(dead_code, reason = "each test crate uses its own part")]

use std::collections::BTreeMap;

use confidant::{
    Address, Context, GroupId, GroupSession, Identity, Party, Policy, PreKeyMessage, PreKeyStore,
    Received, Rotation, Session, Suite,
};

use crate::common::{NOW, TestRng, address};

/// What one device has: who it is, and its sessions with the others by their index.
pub struct Device {
    pub identity: Identity,
    pub address: Address,
    pub sessions: BTreeMap<usize, Session>,
}

impl Device {
    pub fn member(&self) -> Party {
        Party::new(self.address.clone(), self.identity.public())
    }
}

/// Devices of `user0`, `user1`, …; a session begins when it is first needed.
pub struct Village {
    pub devices: Vec<Device>,
    pub rng: TestRng,
}

impl Village {
    pub fn new(devices: usize, seed: u64) -> Self {
        let mut village = Self { devices: Vec::new(), rng: TestRng::new(seed) };
        (0..devices).for_each(|_| {
            village.join();
        });
        village
    }

    /// One device more: its index.
    pub fn join(&mut self) -> usize {
        let index = self.devices.len();
        let identity = Identity::generate(&mut self.rng).unwrap();
        let address = address(&format!("user{index}"));
        self.devices.push(Device { identity, address, sessions: BTreeMap::new() });
        index
    }

    pub fn members(&self, indices: impl IntoIterator<Item = usize>) -> Vec<Party> {
        indices.into_iter().map(|index| self.devices[index].member()).collect()
    }

    /// The device of that member.
    pub fn index_of(&self, member: &Party) -> usize {
        self.devices.iter().position(|device| device.member() == *member).unwrap()
    }

    /// A group as device `us` has it, in epoch `number` with these members.
    pub fn group(&self, us: usize, number: u64, members: &[usize]) -> GroupSession {
        let id = GroupId::new("village").unwrap();
        let list = self.members(members.iter().copied());
        let us = self.devices[us].member();
        GroupSession::new(id, us, number, list, Rotation::default()).unwrap()
    }

    /// The session of `from` with `to`.
    pub fn session(&mut self, from: usize, to: usize) -> &mut Session {
        if !self.devices[from].sessions.contains_key(&to) {
            self.connect(from, to);
        }
        self.devices[from].sessions.get_mut(&to).unwrap()
    }

    /// What `from` writes, as `to` receives it over their pairwise session.
    pub fn carry(&mut self, from: usize, to: usize, text: &[u8]) -> Received {
        self.session(from, to);
        let session = self.devices[from].sessions.get_mut(&to).unwrap();
        let message = session.encrypt(text, &mut self.rng).unwrap();
        self.session(to, from).decrypt(&message).unwrap()
    }

    /// The key of `group`, which is `from`'s, on its way to `to`: encrypted, carried, decrypted.
    pub fn deliver_key(&mut self, group: &mut GroupSession, from: usize, to: usize) -> Received {
        let key = group.distribute(self.session(from, to).peer()).unwrap();
        let session = self.devices[from].sessions.get_mut(&to).unwrap();
        let message = session.encrypt_distribution(&key, &mut self.rng).unwrap();
        self.session(to, from).decrypt(&message).unwrap()
    }

    fn connect(&mut self, a: usize, b: usize) {
        let Self { devices, rng } = self;
        let [first, second] = devices.get_disjoint_mut([a, b]).unwrap();
        let mut prekeys = PreKeyStore::generate(&second.identity, Suite::X3dh, NOW, rng).unwrap();
        let mut published = prekeys.publication(&second.identity, NOW).unwrap();
        let bundle = published.next_bundle(NOW).verify(NOW).unwrap();
        let context = |ours: &Device, theirs: &Device| {
            Context::new(ours.address.clone(), theirs.address.clone())
                .policy(Policy::ClassicalAllowed)
        };
        let (there, back) = (context(first, second), context(second, first));
        let mut to_b = Session::initiate(&first.identity, &bundle, &there, rng).unwrap();
        let hello = to_b.encrypt(b"hello", rng).unwrap();
        let hello = PreKeyMessage::decode(&hello).unwrap();
        let accepted = Session::accept(&second.identity, &mut prekeys, &hello, &back, NOW);
        first.sessions.insert(b, to_b);
        second.sessions.insert(a, accepted.unwrap().session);
    }
}
