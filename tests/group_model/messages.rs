//! Messages: sent, delivered, repeated, changed.

use confidant::{DecodeError, GroupDecryptError, GroupEncryptError, GroupReceived};

use super::play::{Message, Play, Truth};
use super::{Device, KeyNo, Name};
use crate::assembly::forger::{self, Chain};

/// The shortest message, with nothing in it.
const SHORTEST: usize = 174;

impl Play {
    pub fn speak(&mut self, from: Device, bits: u64) {
        if self.models[from].is_rotation_due(self.now) {
            self.rotate(from);
        }
        self.distribute(from, bits);
        self.encrypt(from);
    }

    pub fn encrypt(&mut self, from: Device) -> Option<usize> {
        let n = self.messages.len();
        let text = format!("{n} of {from}").into_bytes();
        let data: &[u8] = if n.is_multiple_of(3) { b"data" } else { b"" };
        let now = self.time();
        match self.models[from].encrypt(self.now) {
            Ok((key, iteration)) => {
                let bytes = self.groups[from].encrypt(&text, data, now, &mut self.rng).unwrap();
                self.nobody_else_has(from, key);
                let epoch = self.models[from].epoch.clone();
                self.messages.push(Message { bytes, data, text, from, key, epoch, iteration });
                Some(n)
            }
            Err(expected) => {
                self.met_if(self.models[from].is_ahead(self.now), "a key from the future");
                let encrypt =
                    |play: &mut Self| play.groups[from].encrypt(&text, data, now, &mut play.rng);
                let refused: GroupEncryptError = self.refused(from, encrypt);
                assert_eq!(refused, expected);
                None
            }
        }
    }

    /// Whoever was given a key is a member as long as it is used, as its owner knows the members.
    pub fn nobody_else_has(&self, owner: Device, key: KeyNo) {
        let Truth { given, clean, .. } = &self.keys[key];
        let list = &self.models[owner].epoch.list;
        assert!(!clean || given.keys().all(|device| list.contains(device)));
    }

    /// Was it read?
    pub fn deliver(&mut self, to: Device, n: usize) -> bool {
        let Message { ref bytes, ref epoch, key, iteration, data, .. } = self.messages[n];
        match self.models[to].decrypt(key, epoch, iteration) {
            Ok(()) => {
                let received = self.groups[to].decrypt(bytes, data).unwrap();
                self.is_read(to, n, &received);
                true
            }
            Err(expected) => {
                let bytes = bytes.clone();
                self.refuses(to, &bytes, data, expected);
                false
            }
        }
    }

    /// The right message, and one that this device was meant to read.
    pub fn is_read(&mut self, to: Device, n: usize, received: &GroupReceived) {
        let Message { text, from, epoch, iteration, .. } = &self.messages[n];
        let key = self.messages[n].key;
        let sender = &self.village.devices[*from];
        assert_eq!(received.plaintext.as_bytes(), text);
        assert_eq!((received.epoch, received.iteration), (epoch.number, *iteration));
        assert_eq!(*received.from().address(), sender.address);
        assert_eq!(*received.from().identity(), sender.identity.public());
        assert!(epoch.list.contains(&to), "not a member as its sender knew them");
        assert!(self.keys[key].given[&to] <= *iteration, "never given");
        assert!(self.born[to] <= n, "written before the reader came");
        let ours = self.models[to].epoch.number;
        assert!(epoch.number <= ours, "written in an epoch that is not known yet");
        assert!(self.read[to].insert(n), "read again");
        let gone = !self.members().contains(&to);
        let late = n + 8 < self.messages.len();
        let behind = epoch.number < ours;
        self.met("read");
        self.met_if(late, "late read");
        self.met_if(gone, "read when gone");
        self.met_if(behind, "read from an epoch before");
    }

    pub fn refuses(&mut self, to: Device, bytes: &[u8], data: &[u8], expected: GroupDecryptError) {
        let refused = self.refused(to, |play| play.groups[to].decrypt(bytes, data));
        assert_eq!(refused, expected);
    }

    pub fn broadcast(&mut self, n: u8) {
        let Some(n) = self.newest(n) else { return };
        (0..self.groups.len()).for_each(|to| {
            self.deliver(to, n);
        });
    }

    pub fn corrupt(&mut self, to: Device, n: u16, bit: usize) {
        let Some(n) = self.any(n) else { return };
        let Message { mut bytes, data, .. } = self.messages[n].clone();
        // A header is as likely to be hit as all the rest.
        let len = if bit.is_multiple_of(2) { forger::HEADER } else { bytes.len() };
        let at = (bit / 2) % (8 * len);
        bytes[at / 8] ^= 1 << (at % 8);
        let expected = self.says(to, n, &bytes, at / 8);
        self.refuses(to, &bytes, data, expected);
        let short = &bytes[..bytes.len() - bit % bytes.len()];
        if short.len() < SHORTEST && !(0..2).contains(&(at / 8)) {
            let truncated = GroupDecryptError::Malformed(DecodeError::Truncated);
            self.refuses(to, short, data, truncated);
        }
    }

    /// What a device says to a message with the byte at `at` changed.
    fn says(&self, to: Device, n: usize, bytes: &[u8], at: usize) -> GroupDecryptError {
        let Message { key, ref epoch, .. } = self.messages[n];
        match at {
            0 => return GroupDecryptError::Malformed(DecodeError::UnsupportedVersion),
            1 => return GroupDecryptError::Malformed(DecodeError::WrongKind),
            _ => {}
        }
        let (number, hash) = (forger::NAMED_EPOCH.start, forger::NAMED_EPOCH.start + 8);
        let number = u64::from_be_bytes(bytes[number..hash].try_into().unwrap());
        let list = Some(&epoch.list).filter(|_| !(hash..forger::NAMED_EPOCH.end).contains(&at));
        let iteration = u32::from_be_bytes(bytes[forger::NAMED_ITERATION].try_into().unwrap());
        let key = Some(key).filter(|_| !forger::NAMED_KEY.contains(&at));
        self.models[to].refusal(key, Name { number, list }, iteration)
    }

    /// With another iteration in its header, which its sender did not sign.
    pub fn renumber(&mut self, to: Device, n: usize, iteration: u32) -> GroupDecryptError {
        let Message { mut bytes, data, key, epoch, .. } = self.messages[n].clone();
        bytes[forger::NAMED_ITERATION].copy_from_slice(&iteration.to_be_bytes());
        let expected = self.models[to].refusal(Some(key), epoch.name(), iteration);
        self.refuses(to, &bytes, data, expected);
        expected
    }

    pub fn rebind(&mut self, to: Device, n: u16) {
        let Some(n) = self.any(n) else { return };
        let Message { bytes, key, epoch, iteration, .. } = self.messages[n].clone();
        let expected = self.models[to].refusal(Some(key), epoch.name(), iteration);
        self.refuses(to, &bytes, b"other", expected);
    }

    /// By a sender who writes for `to` that he is where `at` is, and uses the iteration up.
    pub fn misdate(&mut self, from: Device, to: Device, at: Device) {
        if self.models[from].is_rotation_due(self.now) {
            return;
        }
        let Some(parcel) = self.give(from, to) else { return };
        let key = self.parcels[parcel].received.plaintext.as_bytes();
        let sender = self.village.devices[from].member();
        let signing = forger::signing_key(&self.groups[from], key);
        let chain = Chain::of(key, &sender).in_epoch(key, &self.epoch(at), &sender);
        let bytes = chain.message(b"misdated", &signing);
        let epoch = self.models[at].epoch.clone();
        let (key, iteration) = self.models[from].encrypt(self.now).unwrap();
        let now = self.time();
        self.groups[from].encrypt(b"lost", b"", now, &mut self.rng).unwrap();
        match self.models[to].decrypt(key, &epoch, iteration) {
            Ok(()) => {
                let received = self.groups[to].decrypt(&bytes, b"").unwrap();
                assert_eq!(received.plaintext.as_bytes(), b"misdated");
                assert_eq!((received.epoch, received.iteration), (epoch.number, iteration));
                assert!(epoch.list.contains(&to) && epoch.list.contains(&from));
                self.met("read with an epoch of its sender's choice");
            }
            Err(expected) => self.refuses(to, &bytes, b"", expected),
        }
    }
}
