//! Sender keys on their way.

use std::collections::BTreeMap;

use confidant::{DecodeError, DistributeError, DistributionError, GroupSession, Received};

use super::play::{Parcel, Play, Truth};
use super::{Claim, Device, Epoch, KeyNo, Name, Said};
use crate::assembly::forger;

impl Play {
    pub fn rotate(&mut self, device: Device) {
        let now = self.time();
        self.groups[device].rotate(now, &mut self.rng).unwrap();
        self.models[device].rotate(self.keys.len(), self.now);
        self.keys.push(Truth { given: BTreeMap::new(), clean: true });
        self.crashed.remove(&device);
        self.met("rotation");
    }

    /// For everybody who awaits it; each is lost, late or received at once.
    pub fn distribute(&mut self, from: Device, bits: u64) {
        for (n, to) in self.models[from].awaiting().into_iter().enumerate() {
            let fate = bits.rotate_right(3 * n as u32) % 8;
            let parcel = self.give(from, to);
            match (parcel, fate) {
                (Some(parcel), 0) => {
                    assert_eq!(parcel, self.parcels.len() - 1);
                    self.parcels.pop();
                    self.met("lost");
                }
                (Some(parcel), 3..) => {
                    self.receive(parcel);
                }
                _ => {}
            }
        }
    }

    /// Their key for somebody.
    pub fn give(&mut self, from: Device, to: Device) -> Option<usize> {
        if self.same_address(from, to) {
            return None;
        }
        match self.models[from].distribute(to) {
            Ok(claim) => {
                let lowest = self.keys[claim.key].given.entry(to).or_insert(claim.iteration);
                *lowest = claim.iteration.min(*lowest);
                let received = self.village.deliver_key(&mut self.groups[from], from, to);
                self.parcels.push(Parcel { claim, to, received, handed: false });
                Some(self.parcels.len() - 1)
            }
            Err(expected) => {
                let peer = self.village.session(from, to).peer().clone();
                let give = |play: &mut Self| play.groups[from].distribute(&peer);
                let refused: DistributeError = self.refused(from, give);
                assert_eq!(refused, expected);
                None
            }
        }
    }

    pub fn ask(&mut self, by: Device, of: Device) {
        let key = self.models[of].sender.as_ref().map(|sender| sender.key);
        if key.is_some_and(|key| !self.models[by].keys.contains_key(&key))
            && let Some(parcel) = self.give(of, by)
            && self.receive(parcel)
        {
            self.met("asked again");
        }
    }

    /// Was it taken in?
    pub fn receive(&mut self, n: usize) -> bool {
        let Parcel { claim, to, .. } = &self.parcels[n];
        let (claim, to) = (claim.clone(), *to);
        let made = claim.made.number;
        let (skipped, before) = (self.models[to].skipped(made), self.models[to].is_before(made));
        let result = self.models[to].receive(claim.owner, &claim);
        match result {
            Ok(()) => {
                let late = self.parcels[n].handed || n + 1 < self.parcels.len();
                self.met(if late { "late distribution" } else { "distribution" });
                self.take(to, claim.key);
                self.met_if(skipped, "key of a skipped epoch");
                self.met_if(before, "key from before all known epochs");
                self.groups[to].receive(&self.parcels[n].received).unwrap();
            }
            Err(expected) => {
                let refused =
                    self.refused(to, |play| play.groups[to].receive(&play.parcels[n].received));
                assert_eq!(refused, expected);
            }
        }
        self.parcels[n].handed = true;
        result.is_ok()
    }

    /// Notes that a key was taken in. Whatever became of it, it does not come again.
    fn take(&mut self, to: Device, key: KeyNo) {
        assert!(self.taken[to].insert(key), "taken in again");
    }

    /// Forwarded by an honest user, what was in a distribution is a text; from one who is none it is another's key.
    pub fn relay(&mut self, n: u16, to: Device) {
        let Some(n) = self.parcel(n) else { return };
        let Parcel { claim, to: by, received, .. } = &self.parcels[n];
        let (claim, by) = (claim.clone(), *by);
        if self.same_address(by, to) {
            return;
        }
        let bytes = received.plaintext.as_bytes().to_vec();
        let text = self.village.carry(by, to, &bytes);
        let refused = self.refused(to, |play| play.groups[to].receive(&text));
        assert_eq!(refused, DistributionError::NotADistribution);
        let expected = self.models[to].receive(by, &claim).unwrap_err();
        let relayed = self.forge(by, to, &bytes);
        let refused = self.refused(to, |play| play.groups[to].receive(&relayed));
        assert_eq!(refused, expected);
    }

    /// What `from` says to `to` over their pairwise session as a distribution: any bytes.
    fn forge(&mut self, from: Device, to: Device, bytes: &[u8]) -> Received {
        // The first message turns the ratchet, if need be.
        self.village.carry(from, to, b"");
        let message = forger::as_distribution(self.village.session(from, to), bytes, &mut self.rng);
        self.village.session(to, from).decrypt(&message).unwrap()
    }

    pub fn spoil_anywhere(&mut self, n: u16, bit: usize) {
        let Some(parcel) = self.parcel(n) else { return };
        // Its own iteration and, but for the first, its own chain key a sender may lie about.
        let last = if self.parcels[parcel].claim.iteration == 0 { forger::CHAIN_KEY } else { 0..0 };
        let places: Vec<usize> = (0..forger::SIGNING.end).chain(last).collect();
        self.spoil(n, places[(bit / 8) % places.len()], (bit % 8) as u8);
    }

    /// By a sender who is no honest one: over its own session, and with a bit changed, counted from that of the byte at `at`.
    pub fn spoil(&mut self, n: u16, at: usize, bit: u8) {
        let Some(n) = self.parcel(n) else { return };
        let Parcel { claim, to, received, .. } = &self.parcels[n];
        let (claim, to) = (claim.clone(), *to);
        let mut bytes = received.plaintext.as_bytes().to_vec();
        let at = at + usize::from(bit / 8);
        bytes[at] ^= 1 << (bit % 8);
        let spoiled = self.forge(claim.owner, to, &bytes);
        let lie = Lie { at, claim: &claim, bytes: &bytes };
        let Err(conflicting) = self.models[to].admits(claim.owner, claim.owner, lie.said()) else {
            return self.doubt(to, &lie, &spoiled);
        };
        let refused = self.refused(to, |play| play.groups[to].receive(&spoiled));
        lie.explains(refused, conflicting);
    }

    /// Nothing is wrong with the epochs.
    fn doubt(&mut self, to: Device, lie: &Lie<'_>, spoiled: &Received) {
        let Lie { at, claim, bytes } = *lie;
        if forger::CURRENT.contains(&at) {
            // Another one, of the same members.
            let number = number(&bytes[forger::CURRENT]);
            let current = Epoch { number, ..claim.current.clone() };
            return self.is_told(to, &Claim { current, ..claim.clone() }, spoiled);
        }
        if forger::NUMBER.contains(&at) {
            let number = lie.said().number;
            return self.may_be_told(to, &Claim { number, ..claim.clone() }, spoiled);
        }
        let refused = self.refused(to, |play| play.groups[to].receive(spoiled));
        lie.explains(refused, DistributionError::Conflicting);
    }

    /// By a sender who says that he is where `at` is.
    pub fn redate(&mut self, n: u16, at: Device) {
        let Some(n) = self.parcel(n) else { return };
        let Parcel { claim, to, received, .. } = &self.parcels[n];
        let (claim, to) = (Claim { current: self.models[at].epoch.clone(), ..claim.clone() }, *to);
        let mut bytes = received.plaintext.as_bytes().to_vec();
        bytes[forger::CURRENT].copy_from_slice(&self.epoch(at));
        let redated = self.forge(claim.owner, to, &bytes);
        self.is_told(to, &claim, &redated);
    }

    /// Where a device is, as distributions name it.
    pub fn epoch(&self, at: Device) -> [u8; 40] {
        forger::epoch(self.groups[at].epoch_number(), self.groups[at].members_hash())
    }

    /// A distribution that is as its owner made it, but for the epoch in which he says that he is.
    fn is_told(&mut self, to: Device, claim: &Claim, received: &Received) {
        if let Err(expected) = self.models[to].receive(claim.owner, claim) {
            let refused = self.refused(to, |play| play.groups[to].receive(received));
            return assert_eq!(refused, expected);
        }
        self.groups[to].receive(received).unwrap();
        self.take(to, claim.key);
        self.met("key with an epoch of its owner's choice");
    }

    /// A distribution that is as its owner made it, but for the count. A copy of the device takes it in: who counts a key twice
    /// may have it read twice.
    fn may_be_told(&mut self, to: Device, claim: &Claim, received: &Received) {
        let mut model = self.models[to].clone();
        if let Err(expected) = model.receive(claim.owner, claim) {
            let refused = self.refused(to, |play| play.groups[to].receive(received));
            return assert_eq!(refused, expected);
        }
        let snapshot = self.groups[to].snapshot();
        let mut copy = GroupSession::restore(snapshot.expose(), snapshot.epoch()).unwrap();
        copy.receive(received).unwrap();
        assert_eq!((copy.changes(), copy.key_count()), (model.changes, model.keys.len()));
        let snapshot = copy.snapshot();
        assert!(GroupSession::restore(snapshot.expose(), snapshot.epoch()).is_ok());
        self.met("key with a count of its owner's choice");
    }
}

/// A distribution with a bit changed.
struct Lie<'a> {
    at: usize,
    claim: &'a Claim,
    bytes: &'a [u8],
}

impl Lie<'_> {
    /// What is still said of the epochs: in which the key was made, and in which its owner is.
    fn said(&self) -> Said<'_> {
        let [made, current] =
            [(forger::MADE, &self.claim.made), (forger::CURRENT, &self.claim.current)].map(
                |(place, epoch)| {
                    let list = !(place.start + 8..place.end).contains(&self.at);
                    let list = Some(&epoch.list).filter(|_| list);
                    Name { number: number(&self.bytes[place]), list }
                },
            );
        let number = u32::from_be_bytes(self.bytes[forger::NUMBER].try_into().unwrap());
        Said { made, number, current }
    }

    /// `otherwise`: where the bytes are a distribution of its owner, for this group.
    fn explains(&self, refused: DistributionError, otherwise: DistributionError) {
        let malformed = DistributionError::Malformed;
        match self.at {
            0 => assert_eq!(refused, malformed(DecodeError::UnsupportedVersion)),
            1 => assert_eq!(refused, malformed(DecodeError::WrongKind)),
            2 => assert!(matches!(refused, DistributionError::Malformed(_)), "{refused:?}"),
            at if forger::GROUP.contains(&at) => assert_eq!(refused, DistributionError::WrongGroup),
            at if forger::SENDER.contains(&at) => assert_eq!(refused, DistributionError::Relayed),
            at if forger::SIGNING.contains(&at)
                && refused == malformed(DecodeError::InvalidKey) => {}
            _ => assert_eq!(refused, otherwise),
        }
    }
}

/// The number of an epoch.
fn number(epoch: &[u8]) -> u64 {
    u64::from_be_bytes(epoch[..8].try_into().unwrap())
}
