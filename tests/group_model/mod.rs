//! A group as the specification describes it, in sets and numbers, without a key.
//!
//! Devices, keys and member lists are numbers: what is derived from them in the crate (addresses, identities, key ids,
//! hashes) is equal here when the numbers are. Written from `docs/spec.md`, "Groups" and "Ratchet", *Age*.
//!
//! Beside it, what plays with it: `steps`, and `play` with `keys`, `messages` and `settle`.

pub mod keys;
pub mod messages;
pub mod play;
pub mod settle;
pub mod steps;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use confidant::{
    DistributeError, DistributionError, GroupDecryptError, GroupEncryptError, GroupError, Rotation,
};

/// Message keys that one message may pass over.
pub const JUMP: u32 = 2_000;
/// Message keys kept for each sender key.
const STORED: usize = 500;
/// Sender keys kept of each sender.
const KEYS: usize = 5;
/// Epochs before the current one that are known.
const KNOWN: usize = 999;
/// Seconds by which a key may have been made later than now.
const SKEW: u64 = 86_400;
/// Calls of `expire_skipped` remembered.
const MARKS: usize = 16;

/// An address with an identity.
pub type Device = usize;
/// Any sender key of any device.
pub type KeyNo = usize;
/// Who is in a group; stands for its hash, too.
pub type List = Rc<BTreeSet<Device>>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    pub number: u64,
    pub list: List,
}

/// What a distribution says.
#[derive(Clone, Debug)]
pub struct Claim {
    pub owner: Device,
    /// In which the key was made.
    pub made: Epoch,
    /// How many its owner had made before.
    pub number: u32,
    /// In which its owner is.
    pub current: Epoch,
    pub key: KeyNo,
    pub iteration: u32,
}

/// An epoch as a peer names it. No list is a hash of none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    pub number: u64,
    pub list: Option<&'a List>,
}

/// What a distribution says of its key and its owner, true or not.
#[derive(Clone, Copy)]
pub struct Said<'a> {
    pub made: Name<'a>,
    pub number: u32,
    pub current: Name<'a>,
}

impl Claim {
    pub fn said(&self) -> Said<'_> {
        Said { made: self.made.name(), number: self.number, current: self.current.name() }
    }
}

impl Said<'_> {
    const fn order(&self) -> Order {
        (self.made.number, self.number)
    }
}

/// Which of a sender's keys comes first: by the number of the epoch, then by the sender's count.
type Order = (u64, u32);

impl Epoch {
    pub fn name(&self) -> Name<'_> {
        Name { number: self.number, list: Some(&self.list) }
    }
}

/// Why an epoch that a peer names is not accepted.
enum Wrong {
    Unknown,
    Old,
    Differs,
}

/// One group, as one device has it.
#[derive(Clone)]
pub struct Model {
    us: Device,
    pub epoch: Epoch,
    known: VecDeque<Epoch>,
    /// With which number members came at the earliest; those who were there when we came are not here.
    since: BTreeMap<Device, u64>,
    /// The last of each member's keys that was ended, if one was.
    ended: BTreeMap<Device, Order>,
    /// With which number anybody was last gone, at the earliest.
    last_removal: u64,
    rotation: Rotation,
    pub sender: Option<Sender>,
    due: bool,
    given: BTreeSet<Device>,
    pub keys: BTreeMap<KeyNo, Held>,
    rotations: u32,
    pub changes: u64,
}

/// Our own key.
#[derive(Clone)]
pub struct Sender {
    pub key: KeyNo,
    pub made: Epoch,
    number: u32,
    created: u64,
    next: u32,
}

/// A key that we were given.
#[derive(Clone)]
pub struct Held {
    from: Device,
    order: Order,
    /// The last epoch in which it may be used.
    until: u64,
    first: u32,
    next: u32,
    kept: BTreeSet<u32>,
    forgotten: u32,
    marks: VecDeque<(u64, u32)>,
    /// When a newer key of the same sender was first seen.
    superseded: Option<u64>,
}

impl Model {
    pub fn new(us: Device, epoch: Epoch, rotation: Rotation) -> Self {
        Self {
            us,
            epoch,
            known: VecDeque::new(),
            since: BTreeMap::new(),
            ended: BTreeMap::new(),
            last_removal: 0,
            rotation,
            sender: None,
            due: false,
            given: BTreeSet::new(),
            keys: BTreeMap::new(),
            rotations: 0,
            changes: 0,
        }
    }

    /// Who came and who went.
    pub fn change(&mut self, new: Epoch) -> Result<[BTreeSet<Device>; 2], GroupError> {
        if new.number == self.epoch.number && new.list != self.epoch.list {
            return Err(GroupError::MembersDiffer);
        }
        if new.number <= self.epoch.number {
            return Err(GroupError::OldEpoch);
        }
        if !new.list.contains(&self.us) {
            return Err(GroupError::NotAMember);
        }
        let added = &*new.list - &*self.epoch.list;
        let removed = &*self.epoch.list - &*new.list;
        let next = self.epoch.number + 1;
        self.due |= !removed.is_empty() || new.number != next;
        if !removed.is_empty() {
            self.last_removal = next;
        }
        self.since.retain(|device, _| !removed.contains(device));
        self.since.extend(added.iter().map(|device| (*device, next)));
        self.ended.retain(|device, _| !removed.contains(device));
        self.keys.retain(|_, key| !removed.contains(&key.from));
        self.given.retain(|device| !removed.contains(device));
        self.known.push_back(std::mem::replace(&mut self.epoch, new));
        if self.known.len() > KNOWN {
            self.known.pop_front();
        }
        self.changes += 1;
        Ok([added, removed])
    }

    pub fn rotate(&mut self, key: KeyNo, now: u64) {
        let (made, number) = (self.epoch.clone(), self.rotations);
        self.sender = Some(Sender { key, made, number, created: now, next: 0 });
        self.rotations += 1;
        self.due = false;
        self.given.clear();
        self.changes += 1;
    }

    pub fn is_rotation_due(&self, now: u64) -> bool {
        let Some(key) = &self.sender else { return true };
        let over = key.created.saturating_add(self.rotation.seconds());
        self.due || key.next >= self.rotation.messages() || now >= over || self.is_ahead(now)
    }

    /// Was the key made by a clock that ran ahead?
    pub fn is_ahead(&self, now: u64) -> bool {
        self.sender.as_ref().is_some_and(|key| key.created > now + SKEW)
    }

    pub fn awaiting(&self) -> BTreeSet<Device> {
        let mut awaiting = BTreeSet::clone(&self.epoch.list);
        awaiting.remove(&self.us);
        if self.sender.is_some() && !self.due { &awaiting - &self.given } else { awaiting }
    }

    pub fn distribute(&mut self, to: Device) -> Result<Claim, DistributeError> {
        if !self.epoch.list.contains(&to) || to == self.us {
            return Err(DistributeError::NotAMember);
        }
        let sender = self.sender.clone().filter(|_| !self.due);
        let Sender { key, made, number, next, .. } = sender.ok_or(DistributeError::RotationDue)?;
        self.changes += u64::from(self.given.insert(to));
        let current = self.epoch.clone();
        Ok(Claim { owner: self.us, made, number, current, key, iteration: next })
    }

    /// Which key, and which iteration.
    pub fn encrypt(&mut self, now: u64) -> Result<(KeyNo, u32), GroupEncryptError> {
        let due = self.is_rotation_due(now);
        let key = self.sender.as_mut().filter(|_| !due).ok_or(GroupEncryptError::RotationDue)?;
        key.next += 1;
        self.changes += 1;
        Ok((key.key, key.next - 1))
    }

    /// `carrier` is the pairwise session's peer.
    pub fn receive(&mut self, carrier: Device, claim: &Claim) -> Result<(), DistributionError> {
        let Claim { owner, key, iteration, .. } = *claim;
        self.admits(carrier, owner, claim.said())?;
        if let Some(held) = self.keys.get(&key) {
            let earlier = iteration < held.first;
            let replayed = DistributionError::Replayed;
            return Err(if earlier { DistributionError::Rewinding } else { replayed });
        }
        let order = claim.said().order();
        let theirs = self.keys.values().filter(|held| held.from == owner).map(|held| held.order);
        let first = theirs.clone().min().filter(|_| theirs.count() >= KEYS);
        if first.is_some_and(|first| order <= first) {
            return Err(DistributionError::OldKey);
        }
        first.into_iter().for_each(|first| self.end(owner, first));
        let mut new = Held::new(owner, order, iteration);
        self.keys.values_mut().filter(|held| held.from == owner).for_each(|held| {
            held.yields_to(&new);
            new.yields_to(held);
        });
        self.keys.insert(key, new);
        self.changes += 1;
        Ok(())
    }

    /// A key of this owner is over, and what it made before that.
    fn end(&mut self, owner: Device, order: Order) {
        let ended = self.ended.entry(owner).or_insert(order);
        *ended = order.max(*ended);
        self.keys.retain(|_, held| held.from != owner || held.order > *ended);
    }

    /// What is checked of a distribution before its key id is: sender, membership, epochs, and that its key is not over.
    pub fn admits(
        &self,
        carrier: Device,
        owner: Device,
        said: Said<'_>,
    ) -> Result<(), DistributionError> {
        let Said { made, current, .. } = said;
        if carrier != owner {
            return Err(DistributionError::Relayed);
        }
        if !self.epoch.list.contains(&carrier) || carrier == self.us {
            return Err(DistributionError::NotAMember);
        }
        self.known(current)?;
        if made.number.min(current.number) < self.since(owner) {
            return Err(DistributionError::OldEpoch);
        }
        if made.number > current.number {
            return Err(DistributionError::Conflicting);
        }
        if let Err(Wrong::Differs) = self.known(made) {
            return Err(DistributionError::MembersDiffer);
        }
        let ended = self.ended.get(&owner).is_some_and(|last| said.order() <= *last);
        if ended || self.is_removal_between(made.number, current.number) {
            return Err(DistributionError::OldKey);
        }
        Ok(())
    }

    /// Had a key of epoch `made` to be replaced by epoch `now`?
    const fn is_removal_between(&self, made: u64, now: u64) -> bool {
        made < self.last_removal && self.last_removal <= now
    }

    fn known(&self, name: Name<'_>) -> Result<(), Wrong> {
        if name.number > self.epoch.number {
            return Err(Wrong::Unknown);
        }
        let mut known = self.known.iter().chain([&self.epoch]);
        let known = known.find(|known| known.number == name.number).ok_or(Wrong::Old)?;
        if known.name() == name { Ok(()) } else { Err(Wrong::Differs) }
    }

    /// Is this an epoch after one of ours that we were not told of?
    pub fn skipped(&self, number: u64) -> bool {
        let first = self.known.front().map_or(self.epoch.number, |first| first.number);
        let mut known = self.known.iter().chain([&self.epoch]);
        number > first && known.all(|known| known.number != number)
    }

    /// Is this an epoch before those that we know?
    pub fn is_before(&self, number: u64) -> bool {
        self.known.front().map_or(self.epoch.number, |first| first.number) > number
    }

    /// In which epoch a member came.
    pub fn since(&self, member: Device) -> u64 {
        self.since.get(&member).copied().unwrap_or(0)
    }

    /// What a message under this key, written in this epoch and of this iteration gives. Counts it, if it opens.
    pub fn decrypt(
        &mut self,
        key: KeyNo,
        epoch: &Epoch,
        iteration: u32,
    ) -> Result<(), GroupDecryptError> {
        self.check(Some(key), epoch.name(), iteration)?;
        let held = self.keys.get_mut(&key).unwrap();
        if iteration >= held.next {
            held.advance(iteration);
        } else if !held.kept.remove(&iteration) {
            let forgotten = iteration < held.forgotten;
            let duplicate = GroupDecryptError::Duplicate;
            return Err(if forgotten { GroupDecryptError::Forgotten } else { duplicate });
        }
        self.changes += 1;
        Ok(())
    }

    /// What a message gives that names this key, this epoch and this iteration, and that its sender did not sign.
    pub fn refusal(
        &self,
        key: Option<KeyNo>,
        epoch: Name<'_>,
        iteration: u32,
    ) -> GroupDecryptError {
        self.check(key, epoch, iteration).err().unwrap_or(GroupDecryptError::Unauthentic)
    }

    /// What is checked of a message before its signature is.
    fn check(
        &self,
        key: Option<KeyNo>,
        epoch: Name<'_>,
        iteration: u32,
    ) -> Result<(), GroupDecryptError> {
        let held = key.and_then(|key| self.keys.get(&key)).ok_or(GroupDecryptError::UnknownKey)?;
        self.known(epoch)?;
        if epoch.number < self.since(held.from) {
            return Err(GroupDecryptError::OldEpoch);
        }
        if self.is_removal_between(held.order.0, epoch.number) || epoch.number > held.until {
            return Err(GroupDecryptError::OldKey);
        }
        if iteration < held.first {
            return Err(GroupDecryptError::BeforeOurTime);
        }
        if iteration > held.next.saturating_add(JUMP) || iteration == u32::MAX {
            return Err(GroupDecryptError::TooFarAhead);
        }
        Ok(())
    }

    /// Whether anything changed.
    pub fn expire(&mut self, now: u64, max_age: u64) -> bool {
        let mut newest: BTreeMap<Device, Order> = BTreeMap::new();
        for held in self.keys.values() {
            let newest = newest.entry(held.from).or_default();
            *newest = held.order.max(*newest);
        }
        let mut changed = false;
        for held in self.keys.values_mut() {
            changed |= held.expire(now, max_age);
            if held.order < newest[&held.from] {
                let seen = held.superseded.replace(held.superseded.map_or(now, |at| at.min(now)));
                changed |= seen != held.superseded;
            }
        }
        let is_over = |held: &&Held| held.superseded.is_some_and(|seen| seen + max_age <= now);
        let over = self.keys.values().filter(is_over).map(|held| (held.from, held.order));
        for (owner, order) in over.collect::<Vec<_>>() {
            self.end(owner, order);
            changed = true;
        }
        self.changes += u64::from(changed);
        changed
    }
}

impl Held {
    fn new(from: Device, order: Order, first: u32) -> Self {
        Self {
            from,
            order,
            until: u64::MAX,
            first,
            next: first,
            kept: BTreeSet::new(),
            forgotten: 0,
            marks: VecDeque::new(),
            superseded: None,
        }
    }

    /// Is used no longer than up to the epoch of a key of its sender that was made in a later one.
    fn yields_to(&mut self, other: &Self) {
        if other.order.0 > self.order.0 {
            self.until = other.order.0.min(self.until);
        }
    }

    fn advance(&mut self, iteration: u32) {
        self.kept.extend(self.next..iteration);
        self.next = iteration + 1;
        while self.kept.len() > STORED {
            let oldest = self.kept.pop_first().unwrap();
            self.forgotten = self.forgotten.max(oldest + 1);
        }
    }

    fn expire(&mut self, now: u64, max_age: u64) -> bool {
        let before = (self.marks.clone(), self.forgotten);
        self.marks.iter_mut().for_each(|(time, _)| *time = now.min(*time));
        let last = self.marks.back().copied();
        let is_new = self.next > last.map_or(0, |(_, position)| position);
        let is_time = last.is_none_or(|(time, _)| now >= time + max_age / 8);
        if !self.kept.is_empty() && is_new && is_time {
            self.marks.truncate(MARKS - 1);
            self.marks.push_back((now, self.next));
        }
        while let Some((time, position)) = self.marks.front().copied()
            && time + max_age <= now
        {
            self.marks.pop_front();
            self.forgotten = self.forgotten.max(position);
            self.kept = self.kept.split_off(&position);
        }
        (&self.marks, self.forgotten) != (&before.0, before.1)
    }
}

impl From<Wrong> for DistributionError {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Unknown => Self::UnknownEpoch,
            Wrong::Old => Self::OldEpoch,
            Wrong::Differs => Self::MembersDiffer,
        }
    }
}

impl From<Wrong> for GroupDecryptError {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Unknown => Self::UnknownEpoch,
            Wrong::Old => Self::OldEpoch,
            Wrong::Differs => Self::MembersDiffer,
        }
    }
}
