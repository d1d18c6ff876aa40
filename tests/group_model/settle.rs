//! What must work in the end: everybody hears everybody.

use std::collections::BTreeSet;
use std::rc::Rc;

use confidant::GroupDecryptError;

use super::play::Play;
use super::{Device, Epoch, List, Model};

/// Members who speak when everybody is to be heard: a session for every pair of a large group takes too long.
const SPEAKERS: usize = 8;

impl Play {
    /// Everybody is in the newest epoch; then each speaker is heard by every other member, who may have to ask.
    pub fn settle(&mut self) {
        let members = Rc::clone(self.members());
        let newest = self.newest_epoch();
        let wrong = |model: &Model| model.epoch.number == newest.number && model.epoch != newest;
        if members.iter().any(|device| wrong(&self.models[*device])) {
            self.amend(|_| {});
        }
        for device in members.iter().copied() {
            // Of changes without it a device hears nothing that it takes in.
            for number in self.models[device].epoch.number + 1..=self.history.len() as u64 {
                let list = Rc::clone(&self.history[number as usize - 1]);
                self.change(device, Epoch { number, list });
            }
            assert_eq!(self.models[device].epoch, self.newest_epoch());
        }
        let hashes = members.iter().map(|device| *self.groups[*device].members_hash());
        assert_eq!(BTreeSet::from_iter(hashes).len(), 1);
        for from in members.iter().copied().take(SPEAKERS) {
            self.be_heard(from, &members);
        }
        self.met("settled");
    }

    pub fn be_heard(&mut self, from: Device, members: &List) {
        if self.models[from].is_rotation_due(self.now) || self.crashed.contains(&from) {
            self.rotate(from);
        }
        self.give_all(from, members);
        // Of those who were told the same, and forgot nothing, nobody needs another key than the one that is there.
        for attempt in 0.. {
            let deaf = self.deaf_to(from, members);
            let Some(why) = deaf.iter().map(|to| self.why_deaf(from, *to)).next() else { break };
            assert!(attempt < self.keys.len());
            self.met(why);
            self.rotate(from);
            self.give_all(from, members);
        }
        let n = self.encrypt(from).unwrap();
        for to in members.iter().copied().filter(|to| *to != from) {
            assert!(self.deliver(to, n));
            self.met("heard");
        }
    }

    /// For everybody who lacks it.
    fn give_all(&mut self, from: Device, members: &List) {
        let key = self.models[from].sender.as_ref().unwrap().key;
        for to in members.iter().copied().filter(|to| *to != from) {
            if !self.models[to].keys.contains_key(&key) {
                let parcel = self.give(from, to).unwrap();
                self.receive(parcel);
            }
        }
    }

    /// Who could not read what comes next.
    fn deaf_to(&self, from: Device, members: &List) -> Vec<Device> {
        let Model { epoch, sender, .. } = &self.models[from];
        let (key, next) = sender.as_ref().map(|sender| (sender.key, sender.next)).unwrap();
        let is_deaf = |to: &Device| {
            let refusal = self.models[*to].refusal(Some(key), epoch.name(), next);
            *to != from && refusal != GroupDecryptError::Unauthentic
        };
        members.iter().copied().filter(is_deaf).collect()
    }

    /// What somebody has to have done for that.
    fn why_deaf(&self, from: Device, to: Device) -> &'static str {
        if self.misled.contains(&to) {
            "rotated for one who was misled"
        } else if self.misled.contains(&from) {
            "rotated by one who was misled"
        } else {
            assert!(self.rewound.contains(&from), "{to} does not hear {from}");
            "rotated again by one who counts anew"
        }
    }

    /// Delivers everything that was not lost, and tries every message at everybody who ever was, twice.
    pub fn finish(&mut self) {
        for n in
            (0..self.parcels.len()).rev().filter(|n| !self.parcels[*n].handed).collect::<Vec<_>>()
        {
            self.receive(n);
        }
        for first in [true, false] {
            for to in 0..self.groups.len() {
                for n in 0..self.messages.len() {
                    // From both ends, so that messages are late.
                    let n =
                        if n.is_multiple_of(2) { n / 2 } else { self.messages.len() - 1 - n / 2 };
                    self.deliver(to, n);
                }
            }
            self.check_all();
            if first {
                self.settle();
            }
        }
    }
}
