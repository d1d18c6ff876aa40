//! A village that plays: what every step does, who is in the group, and what is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use confidant::{
    GroupError, GroupId, GroupSession, Identity, Party, Received, RestoreError, Rotation, Snapshot,
    UnixTime,
};

use super::steps::{Op, Who};
use super::{Claim, Device, Epoch, KeyNo, List, Model};
use crate::assembly::forger;
use crate::common::{NOW, TestRng};
use crate::village::{self, Village};

/// A distribution that was not lost: as its receiver's pairwise session gave it.
pub struct Parcel {
    pub claim: Claim,
    pub to: Device,
    pub received: Received,
    pub handed: bool,
}

/// A group message, and what it is.
#[derive(Clone)]
pub struct Message {
    pub bytes: Vec<u8>,
    pub data: &'static [u8],
    pub text: Vec<u8>,
    pub from: Device,
    pub key: KeyNo,
    /// In which its sender was.
    pub epoch: Epoch,
    pub iteration: u32,
}

/// What is true of a sender key, whatever any device makes of it.
pub struct Truth {
    /// Who was given it, and from which iteration on at the earliest.
    pub given: BTreeMap<Device, u32>,
    /// Its owner has not gone back to an older state with it.
    pub clean: bool,
}

/// A stored state, and what a device knew then.
pub struct Saved {
    snapshot: Snapshot,
    model: Model,
    read: BTreeSet<usize>,
    taken: BTreeSet<KeyNo>,
}

/// What happened, and how often.
pub type Met = BTreeMap<String, usize>;

pub struct Play {
    pub village: Village,
    pub rng: TestRng,
    pub rotation: Rotation,
    pub groups: Vec<GroupSession>,
    pub models: Vec<Model>,
    pub saved: Vec<Option<Saved>>,
    /// Which messages each device has read, as it remembers.
    pub read: Vec<BTreeSet<usize>>,
    /// Which keys each device has taken in, as it remembers.
    pub taken: Vec<BTreeSet<KeyNo>>,
    /// Who has gone back to an older state, and has not rotated since.
    pub crashed: BTreeSet<Device>,
    /// Who has gone back to an older state at any time: it may count keys anew that it has made already.
    pub rewound: BTreeSet<Device>,
    /// Who was told another list than everybody else.
    pub misled: BTreeSet<Device>,
    /// How many messages there were before a device came with the state that it has.
    pub born: Vec<usize>,
    /// Every list; the first is of epoch 1.
    pub history: Vec<List>,
    pub keys: Vec<Truth>,
    pub parcels: Vec<Parcel>,
    pub messages: Vec<Message>,
    pub most: usize,
    pub now: u64,
    pub met: Met,
}

impl Play {
    pub fn new(size: usize, most: usize, rotation: Rotation, seed: u64) -> Self {
        let mut play = Self {
            village: Village::new(size, seed),
            rng: TestRng::new(!seed),
            rotation,
            groups: Vec::new(),
            models: Vec::new(),
            saved: Vec::new(),
            read: Vec::new(),
            taken: Vec::new(),
            crashed: BTreeSet::new(),
            rewound: BTreeSet::new(),
            misled: BTreeSet::new(),
            born: Vec::new(),
            history: vec![Rc::new((0..size).collect())],
            keys: Vec::new(),
            parcels: Vec::new(),
            messages: Vec::new(),
            most,
            now: NOW.as_secs(),
            met: Met::new(),
        };
        (0..size).for_each(|device| play.begin(device));
        play
    }

    pub fn step(&mut self, op: Op) {
        match op {
            Op::Speak(from, bits) => self.speak(self.pick(from), bits),
            Op::Encrypt(from) => {
                self.encrypt(self.pick(from));
            }
            Op::Rotate(who) => self.rotate(self.pick(who)),
            Op::Distribute(from, bits) => self.distribute(self.pick(from), bits),
            Op::Give(from, to) => {
                self.give(self.pick(from), self.pick(to));
            }
            Op::Ask(by, of) => self.ask(self.pick(by), self.pick(of)),
            Op::Receive(n) => {
                self.parcel(n).map(|n| self.receive(n));
            }
            Op::Relay(n, to) => self.relay(n, self.pick(to)),
            Op::Spoil(n, bit) => self.spoil_anywhere(n, usize::from(bit)),
            Op::Redate(n, at) => self.redate(n, self.pick(at)),
            Op::Recount(n, bit) => self.spoil(n, forger::NUMBER.start, bit),
            Op::Deliver(to, n) => {
                self.newest(n).map(|n| self.deliver(self.pick(to), n));
            }
            Op::Broadcast(n) => self.broadcast(n),
            Op::Replay(to, n) => {
                self.any(n).map(|n| self.deliver(self.pick(to), n));
            }
            Op::Corrupt(to, n, bit) => self.corrupt(self.pick(to), n, usize::from(bit)),
            Op::Rebind(to, n) => self.rebind(self.pick(to), n),
            Op::Misdate(from, to, at) => {
                self.misdate(self.pick(from), self.pick(to), self.pick(at));
            }
            Op::Join => self.join(),
            Op::Remove(n) => self.remove(n),
            Op::Renew(n) => self.renew(n),
            Op::Return(n, fresh) => self.return_(n, fresh),
            Op::Tell(who) => self.tell(self.pick(who)),
            Op::Leap(who) => self.leap(self.pick(who)),
            Op::TellAll => self.tell_all(),
            Op::Mislead(who, n) => self.mislead(self.pick(who), n),
            Op::Restart(who) => self.restart(self.pick(who)),
            Op::Save(who) => self.save(self.pick(who)),
            Op::Crash(who) => self.crash(self.pick(who)),
            Op::Expire(at, seconds, age) => self.expire(self.pick(at), seconds, age),
            Op::Pass(seconds) => self.now = self.now.saturating_add_signed(seconds),
            Op::Settle => self.settle(),
        }
        (0..self.groups.len()).for_each(|device| self.check(device));
    }

    /// Seven times of eight somebody who should be in the group.
    pub fn pick(&self, who: Who) -> Device {
        let n = usize::from(who / 8);
        if who.is_multiple_of(8) {
            return n % self.groups.len();
        }
        let members = self.members();
        *members.iter().nth(n % members.len()).unwrap()
    }

    pub fn any(&self, n: u16) -> Option<usize> {
        usize::from(n).checked_rem(self.messages.len())
    }

    pub fn newest(&self, n: u8) -> Option<usize> {
        self.messages.len().checked_sub(1 + usize::from(n))
    }

    pub fn parcel(&self, n: u16) -> Option<usize> {
        usize::from(n).checked_rem(self.parcels.len())
    }

    pub fn members(&self) -> &List {
        self.history.last().unwrap()
    }

    pub fn newest_epoch(&self) -> Epoch {
        Epoch { number: self.history.len() as u64, list: Rc::clone(self.members()) }
    }

    pub fn time(&self) -> UnixTime {
        UnixTime::from_secs(self.now)
    }

    pub fn met(&mut self, what: &str) {
        *self.met.entry(what.into()).or_default() += 1;
    }

    pub fn met_if(&mut self, happened: bool, what: &str) {
        if happened {
            self.met(what);
        }
    }

    /// Does what must be refused, and sees that nothing has changed by it.
    pub fn refused<T, E: std::fmt::Debug>(
        &mut self,
        at: Device,
        attempt: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> E {
        let before = self.groups[at].snapshot();
        let error = attempt(self).err().expect("refused");
        assert_eq!(before.expose(), self.groups[at].snapshot().expose());
        let kind = std::any::type_name::<E>().rsplit("::").next().unwrap();
        self.met(&format!("{kind}::{error:?}"));
        error
    }
}

/// Members and lists.
impl Play {
    /// A device's group, as of the newest epoch.
    pub fn begin(&mut self, device: Device) {
        let epoch = self.newest_epoch();
        let list = self.village.members(epoch.list.iter().copied());
        let us = self.village.devices[device].member();
        let id = GroupId::new("village").unwrap();
        let group = GroupSession::new(id, us, epoch.number, list, self.rotation).unwrap();
        let model = Model::new(device, epoch, self.rotation);
        if device == self.groups.len() {
            self.groups.push(group);
            self.models.push(model);
            self.saved.push(None);
            self.read.push(BTreeSet::new());
            self.taken.push(BTreeSet::new());
            self.born.push(self.messages.len());
        } else {
            self.groups[device] = group;
            self.models[device] = model;
            self.saved[device] = None;
            self.read[device].clear();
            self.taken[device].clear();
            for past in [&mut self.crashed, &mut self.rewound, &mut self.misled] {
                past.remove(&device);
            }
            self.born[device] = self.messages.len();
        }
    }

    pub fn amend(&mut self, change: impl FnOnce(&mut BTreeSet<Device>)) {
        let mut list = BTreeSet::clone(self.members());
        change(&mut list);
        self.history.push(Rc::new(list));
    }

    pub fn join(&mut self) {
        if self.members().len() >= self.most {
            return;
        }
        let device = self.village.join();
        self.amend(|list| {
            list.insert(device);
        });
        self.begin(device);
        self.met("join");
    }

    pub fn remove(&mut self, n: u8) {
        if self.members().len() > 2 {
            let device = *self.members().iter().nth(usize::from(n) % self.members().len()).unwrap();
            self.amend(|list| {
                list.remove(&device);
            });
            self.met("removal");
        }
    }

    pub fn renew(&mut self, n: u8) {
        let old = *self.members().iter().nth(usize::from(n) % self.members().len()).unwrap();
        let address = self.village.devices[old].address.clone();
        let identity = Identity::generate(&mut self.rng).unwrap();
        let new = self.village.devices.len();
        self.village.devices.push(village::Device { identity, address, sessions: BTreeMap::new() });
        self.amend(|list| {
            list.remove(&old);
            list.insert(new);
        });
        self.begin(new);
        self.met("renewal");
    }

    pub fn return_(&mut self, n: u8, fresh: bool) {
        let gone: Vec<Device> = (0..self.groups.len()).filter(|one| self.is_free(*one)).collect();
        if gone.is_empty() || self.members().len() >= self.most {
            return;
        }
        let device = gone[usize::from(n) % gone.len()];
        self.amend(|list| {
            list.insert(device);
        });
        if fresh {
            self.begin(device);
        }
        self.met("return");
    }

    /// Is neither this device nor another of its address in the group?
    pub fn is_free(&self, device: Device) -> bool {
        self.members().iter().all(|member| !self.same_address(*member, device))
    }

    pub fn same_address(&self, a: Device, b: Device) -> bool {
        self.village.devices[a].address == self.village.devices[b].address
    }

    /// A change after which the members are the same.
    pub fn reaffirm(&mut self) {
        self.amend(|_| {});
        self.tell_all();
    }

    pub fn tell_all(&mut self) {
        (0..self.groups.len()).for_each(|device| self.tell(device));
    }

    pub fn tell(&mut self, device: Device) {
        let number = self.models[device].epoch.number;
        if let Some(list) = self.history.get(number as usize).cloned() {
            self.change(device, Epoch { number: number + 1, list });
        }
    }

    pub fn leap(&mut self, device: Device) {
        let epoch = self.newest_epoch();
        if epoch.number > self.models[device].epoch.number + 1 {
            self.met("leap");
        }
        self.change(device, epoch);
    }

    /// The newest list without one other member, as of its number.
    pub fn mislead(&mut self, device: Device, n: u8) {
        let mut list = BTreeSet::clone(self.members());
        let other = *list.iter().nth(usize::from(n) % list.len()).unwrap();
        list.remove(&other);
        if self.change(device, Epoch { list: Rc::new(list), ..self.newest_epoch() }) {
            self.misled.insert(device);
            self.met("misled");
        }
    }

    /// Was it taken in?
    pub fn change(&mut self, device: Device, epoch: Epoch) -> bool {
        let list = self.village.members(epoch.list.iter().copied());
        match self.models[device].change(epoch.clone()) {
            Ok(expected) => {
                let changed = self.groups[device].change(epoch.number, list).unwrap();
                let got = [changed.added, changed.removed].map(|members| self.devices(members));
                assert_eq!(got, expected);
                self.met("change");
                true
            }
            Err(expected) => {
                let change = |play: &mut Self| play.groups[device].change(epoch.number, list);
                let refused: GroupError = self.refused(device, change);
                assert_eq!(refused, expected);
                false
            }
        }
    }

    pub fn devices(&self, members: impl IntoIterator<Item = Party>) -> BTreeSet<Device> {
        members.into_iter().map(|member| self.village.index_of(&member)).collect()
    }
}

/// Stored states, and time.
impl Play {
    pub fn restart(&mut self, device: Device) {
        let snapshot = self.groups[device].snapshot();
        let restored = GroupSession::restore(snapshot.expose(), snapshot.epoch()).unwrap();
        assert_eq!(restored.snapshot().expose(), snapshot.expose());
        self.groups[device] = restored;
        self.met("restart");
    }

    pub fn save(&mut self, device: Device) {
        self.saved[device] = Some(Saved {
            snapshot: self.groups[device].snapshot(),
            model: self.models[device].clone(),
            read: self.read[device].clone(),
            taken: self.taken[device].clone(),
        });
    }

    /// What happened since the state was stored did not, for this device. It must say that it knows.
    pub fn crash(&mut self, device: Device) {
        let Some(Saved { snapshot, model, read, taken }) = &self.saved[device] else { return };
        let now = self.groups[device].changes();
        if snapshot.epoch() < now {
            let stale = GroupSession::restore(snapshot.expose(), now).map(drop);
            assert_eq!(stale, Err(RestoreError::Stale));
        }
        self.groups[device] = GroupSession::restore(snapshot.expose(), snapshot.epoch()).unwrap();
        self.models[device] = model.clone();
        self.read[device].clone_from(read);
        self.taken[device].clone_from(taken);
        if let Some(sender) = &self.models[device].sender {
            self.keys[sender.key].clean = false;
        }
        self.crashed.insert(device);
        self.rewound.insert(device);
        self.met("crash");
    }

    pub fn expire(&mut self, at: Device, seconds: i8, age: u64) {
        self.now = self.now.saturating_add_signed(i64::from(seconds));
        let now = self.time();
        let changed = self.groups[at].expire_skipped(now, age);
        assert_eq!(changed, self.models[at].expire(self.now, age));
        if changed {
            self.met("expiry");
        }
    }

    /// Everything that can be seen of a group is as in its model.
    pub fn check(&self, device: Device) {
        let (group, model) = (&self.groups[device], &self.models[device]);
        assert_eq!(group.changes(), model.changes);
        assert_eq!(group.epoch_number(), model.epoch.number);
        assert_eq!(group.key_count(), model.keys.len());
        assert_eq!(group.is_rotation_due(self.time()), model.is_rotation_due(self.now));
    }

    /// What takes longer to compare: who awaits our key, and equal hashes for equal lists alone.
    pub fn check_all(&self) {
        for (device, group) in self.groups.iter().enumerate() {
            self.check(device);
            let model = &self.models[device];
            assert_eq!(self.devices(group.awaiting()), model.awaiting());
            for (other, theirs) in self.groups.iter().zip(&self.models) {
                let same =
                    (model.epoch == theirs.epoch, group.members_hash() == other.members_hash());
                if model.epoch.number == theirs.epoch.number {
                    assert_eq!(same.0, same.1);
                }
            }
        }
    }
}
