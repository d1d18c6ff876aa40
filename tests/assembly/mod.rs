//! A group of a village, driven step by step. Needs `mod common;`, `mod forge;` and `mod village;` beside it.
#![allow(dead_code, reason = "each test crate uses its own part")]

pub mod forger;
pub mod giving;
pub mod stored;

use std::collections::BTreeMap;

use confidant::limits::GROUP_MAX_JUMP;
use confidant::{
    Address, DeviceId, DistributionError, GroupDecryptError, GroupId, GroupSession, Party,
    Provider, Received, Rotation, UserId,
};

use ed25519_dalek::SigningKey;

use self::forger::Chain;
use crate::common::{NOW, TestRng};
use crate::forge::snapshot::reseal;
use crate::village::Village;

pub const ALICE: usize = 0;
pub const BOB: usize = 1;
pub const CAROL: usize = 2;
pub const DAVE: usize = 3;

/// A key that is used as often and as long as can be set.
pub const LONGEST: Rotation = match Rotation::new(GROUP_MAX_JUMP, u64::MAX) {
    Ok(rotation) => rotation,
    Err(_) => panic!("can be set"),
};

/// Devices, and the group as those who are in it have it.
pub struct Assembly {
    pub village: Village,
    pub groups: BTreeMap<usize, GroupSession>,
    /// When the keys of all of them are due.
    pub rotation: Rotation,
    pub rng: TestRng,
}

impl Assembly {
    /// The first `members` of four devices or more, in epoch 1.
    pub fn new(members: usize) -> Self {
        Self::with(members, Rotation::default())
    }

    pub fn with(members: usize, rotation: Rotation) -> Self {
        let village = Village::new(members.max(4), 60);
        let (groups, rng) = (BTreeMap::new(), TestRng::new(61));
        let mut assembly = Self { village, groups, rotation, rng };
        let all: Vec<_> = (0..members).collect();
        all.iter().for_each(|who| assembly.come(*who, 1, &all));
        assembly
    }

    /// Alice has a key, and the others have been given it.
    pub fn with_key(members: usize) -> Self {
        let mut assembly = Self::new(members);
        assembly.rotate(ALICE);
        assembly.give_all(ALICE);
        assembly
    }

    /// `who` is in the group from epoch `number` on.
    pub fn come(&mut self, who: usize, number: u64, members: &[usize]) {
        let group = self.other_group("village", who, number, members);
        self.groups.insert(who, group);
    }

    pub fn other_group(
        &self,
        id: &str,
        who: usize,
        number: u64,
        members: &[usize],
    ) -> GroupSession {
        let us = self.village.devices[who].member();
        let members = self.village.members(members.iter().copied());
        GroupSession::new(GroupId::new(id).unwrap(), us, number, members, self.rotation).unwrap()
    }

    pub fn group(&mut self, who: usize) -> &mut GroupSession {
        self.groups.get_mut(&who).unwrap()
    }

    /// One device more, at an address of the caller's choice.
    pub fn join_at(&mut self, address: Address) -> usize {
        let index = self.village.join();
        self.village.devices[index].address = address;
        index
    }

    /// Everybody who is in the group and stays is told of epoch `number`; who is not there goes.
    pub fn change(&mut self, number: u64, members: &[usize]) {
        self.groups.retain(|who, _| members.contains(who));
        let list = self.village.members(members.iter().copied());
        for group in self.groups.values_mut() {
            group.change(number, list.clone()).unwrap();
        }
    }

    pub fn rotate(&mut self, who: usize) {
        let Self { groups, rng, .. } = self;
        groups.get_mut(&who).unwrap().rotate(NOW, rng).unwrap();
    }

    /// `from`'s key, as `to` receives it.
    pub fn key(&mut self, from: usize, to: usize) -> Received {
        let Self { village, groups, .. } = self;
        village.deliver_key(groups.get_mut(&from).unwrap(), from, to)
    }

    pub fn give(&mut self, from: usize, to: usize) {
        let key = self.key(from, to);
        self.group(to).receive(&key).unwrap();
    }

    /// What `from` says to `to` over their pairwise session, of the type that carries keys: any bytes.
    pub fn forge_key(&mut self, from: usize, to: usize, bytes: &[u8]) -> Received {
        // The first message turns the ratchet, if need be.
        self.village.carry(from, to, b"");
        let Self { village, rng, .. } = self;
        let message = forger::as_distribution(village.session(from, to), bytes, rng);
        village.session(to, from).decrypt(&message).unwrap()
    }

    pub fn member(&self, who: usize) -> Party {
        self.village.devices[who].member()
    }

    /// The current epoch of `who`, as it names it in distributions.
    pub fn epoch(&self, who: usize) -> [u8; 40] {
        let group = &self.groups[&who];
        forger::epoch(group.epoch_number(), group.members_hash())
    }

    /// What `who` gives to `to`, who does not take it in: the chain, and the key that signs what is sent under it.
    pub fn insider(&mut self, who: usize, to: usize) -> (Chain, SigningKey) {
        let key = self.key(who, to).plaintext.as_bytes().to_vec();
        let signing = forger::signing_key(&self.groups[&who], &key);
        (Chain::of(&key, &self.member(who)), signing)
    }

    /// To everybody who awaits it and is there.
    pub fn give_all(&mut self, from: usize) {
        let awaiting: Vec<_> = self.group(from).awaiting().collect();
        for member in awaiting {
            let to = self.village.index_of(&member);
            let key = self.key(from, to);
            if let Some(group) = self.groups.get_mut(&to) {
                group.receive(&key).unwrap();
            }
        }
    }

    pub fn send(&mut self, from: usize, text: &[u8]) -> Vec<u8> {
        let Self { groups, rng, .. } = self;
        groups.get_mut(&from).unwrap().encrypt(text, b"", NOW, rng).unwrap()
    }

    /// `from` sends `n` messages that nobody gets.
    pub fn lose(&mut self, from: usize, n: u32) {
        (0..n).for_each(|_| drop(self.send(from, b"lost")));
    }

    pub fn opens(&mut self, to: usize, message: &[u8], text: &[u8]) {
        let received = self.group(to).decrypt(message, b"").unwrap();
        assert_eq!(received.plaintext.as_bytes(), text);
    }

    /// `to` refuses, and has not changed.
    pub fn refuses(&mut self, to: usize, message: &[u8], error: GroupDecryptError) {
        self.refuses_with(to, message, b"", error);
    }

    pub fn refuses_with(
        &mut self,
        to: usize,
        message: &[u8],
        associated_data: &[u8],
        error: GroupDecryptError,
    ) {
        let group = self.group(to);
        let before = group.snapshot();
        assert_eq!(group.decrypt(message, associated_data), Err(error));
        assert_eq!(before.expose(), group.snapshot().expose());
    }

    /// `to` does not take the key in, and has not changed.
    pub fn declines(&mut self, to: usize, key: &Received, error: DistributionError) {
        let group = self.group(to);
        let before = group.snapshot();
        assert_eq!(group.receive(key), Err(error));
        assert_eq!(before.expose(), group.snapshot().expose());
    }

    pub fn restore(&mut self, who: usize) {
        let copy = copy(&self.groups[&who]);
        self.groups.insert(who, copy);
    }
}

/// The same state a second time.
pub fn copy(group: &GroupSession) -> GroupSession {
    let snapshot = group.snapshot();
    GroupSession::restore(snapshot.expose(), snapshot.epoch()).unwrap()
}

/// The state as another hand might have written it: `old` stands in it once and becomes `new`.
pub fn edited(group: &GroupSession, old: &[u8], new: &[u8]) -> GroupSession {
    let mut bytes = group.snapshot().expose().to_vec();
    let mut places = bytes.windows(old.len()).enumerate().filter(|(_, window)| *window == old);
    let at = places.next().unwrap().0;
    assert!(places.next().is_none(), "more than one place");
    bytes[at..at + new.len()].copy_from_slice(new);
    reseal(&mut bytes);
    GroupSession::restore(&bytes, 0).unwrap()
}

/// A device of a user's; those of `common::address` have the number 1.
pub fn device(user: &str, number: u32) -> Address {
    let provider = Provider::new("example.org").unwrap();
    Address::new(provider, UserId::new(user).unwrap(), DeviceId::new(number))
}
