//! A whole world: users with devices, a server that knows their lists and bundles, a relay that loses, doubles, reorders and changes, disks
//! that are put back, devices that are set up anew; and a model that knows who must be able to read what. Needs `mod common; mod town;` beside it.

use std::collections::{BTreeMap, BTreeSet};

use confidant::limits::RETRY_INTERVAL;
use confidant::{
    BeginError, DecryptError, Delivery, DeviceId, Incoming, InitiateError, MessageId, Need,
    Outgoing, PublicIdentity, ReceiveError, RetryRefused, RetryRequest, SendError, Sent, UnixTime,
};

use crate::common::TestRng;
use crate::town::{Device, Disk, Town, address};

const USERS: [&str; 3] = ["alice", "bob", "carol"];
/// Messages that the relay keeps for one device, and for how long: what is late by more turns than a session remembers is lost.
const MAILBOX: usize = 10;
const KEPT_BY_RELAY: u64 = 86_400;

/// A message under way.
#[derive(Clone)]
struct Mail {
    from: usize,
    to: usize,
    bytes: Vec<u8>,
    /// The text that is in it, if one is.
    text: Option<u64>,
    session: [u8; 32],
    /// Who wrote it, and for whom it was encrypted.
    writer: PublicIdentity,
    reader: PublicIdentity,
    sent_at: UnixTime,
    changed: bool,
}

/// What a device's application keeps of a text that it has sent.
struct Kept {
    sent: Sent,
    user: usize,
}

#[derive(Default)]
struct Slot {
    user: usize,
    is_there: bool,
    /// The last step at which its disk was put back, or it was set up anew; and the sessions that it had then are from before.
    put_back: u64,
    backup: Option<Disk>,
    /// When it has read which text.
    read: BTreeMap<u64, u64>,
    /// Sessions that it has ever had.
    held: BTreeSet<[u8; 32]>,
    used: BTreeSet<confidant::PreKeyId>,
    sent: Vec<Kept>,
}

/// What has happened in all, so that nobody takes a world without events for a good one.
#[derive(Debug, Default)]
pub struct Tally {
    pub texts: u64,
    pub read: u64,
    pub duplicates: u64,
    pub refused: u64,
    pub rollbacks: u64,
    pub resets: u64,
    pub requests: u64,
    pub sent_again: u64,
    pub forks: u64,
    pub handshakes: u64,
    pub most_exchanges: u64,
}

pub struct World {
    town: Town,
    slots: Vec<Slot>,
    mail: Vec<Mail>,
    chance: TestRng,
    step: u64,
    /// The end of the world has begun.
    settling: bool,
    /// Texts, sent or not.
    written: u64,
    /// When each session was begun, and for which devices.
    begun: BTreeMap<[u8; 32], u64>,
    /// Header and salt of every message.
    nonces: BTreeSet<Vec<u8>>,
    pub tally: Tally,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut chance = TestRng::new(seed);
        let mut devices = Vec::new();
        let mut slots = Vec::new();
        for (user, name) in USERS.iter().enumerate() {
            for device in 1..=3 {
                let is_there = device <= 1 + chance.below(3);
                devices.push((*name, u32::try_from(device).unwrap()));
                slots.push(Slot { user, is_there, ..Slot::default() });
            }
        }
        let town = Town::with_devices(&devices, seed ^ 0xfeed);
        let (mail, begun, nonces) = Default::default();
        let tally = Tally::default();
        let (settling, written) = (false, 0);
        Self { town, slots, mail, chance, step: 1, settling, written, begun, nonces, tally }
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.chance.below(n as u64)).unwrap()
    }

    /// A device that is there.
    fn any(&mut self) -> usize {
        let there: Vec<usize> =
            (0..self.slots.len()).filter(|slot| self.slots[*slot].is_there).collect();
        there[self.below(there.len())]
    }

    /// Something happens.
    pub fn happen(&mut self) {
        self.step += 1;
        match self.chance.below(100) {
            0..30 => {
                let (from, user) = (self.any(), self.below(USERS.len()));
                self.write(from, user);
            }
            30..88 => self.relay(),
            88..92 => {
                let slot = self.any();
                self.town.devices[slot].restart();
            }
            92 => {
                let slot = self.any();
                self.slots[slot].backup = Some(self.town.devices[slot].disk.clone());
            }
            93 => {
                let slot = self.any();
                self.roll_back(slot);
            }
            94 if self.chance.below(4) == 0 => {
                let slot = self.any();
                self.set_up_anew(slot);
            }
            95 => self.come_or_go(),
            96 => {
                let slot = self.any();
                self.expire(slot);
            }
            97 => self.town.wait(self.chance.below(100_000)),
            _ => self.town.wait(self.chance.below(1_000)),
        }
    }

    /// The disk is what it was once.
    fn roll_back(&mut self, slot: usize) {
        if let Some(backup) = self.slots[slot].backup.clone() {
            self.town.devices[slot].restart_from(backup);
            self.slots[slot].put_back = self.step;
            self.tally.rollbacks += 1;
        }
    }

    /// Somebody has a new telephone, with the number of the old one.
    fn set_up_anew(&mut self, slot: usize) {
        let address = self.town.address(slot);
        let new = Device::new(address, &mut self.town.rng);
        self.town.devices[slot] = new;
        let user = self.slots[slot].user;
        self.slots[slot] = Slot { user, is_there: true, put_back: self.step, ..Slot::default() };
        self.tally.resets += 1;
    }

    /// A device is taken off its user's list, or comes back to it. One stays.
    fn come_or_go(&mut self) {
        let slot = self.below(self.slots.len());
        let user = self.slots[slot].user;
        let others = self.list(user).len() - usize::from(self.slots[slot].is_there);
        self.slots[slot].is_there = !self.slots[slot].is_there || others == 0;
    }

    fn expire(&mut self, slot: usize) {
        let now = self.town.now;
        let device = &mut self.town.devices[slot];
        let mut disk = std::mem::take(&mut device.disk);
        for user in device.people.values_mut() {
            let expired = user.expire(&device.account.us(now));
            crate::town::store(&mut disk, expired.changes());
            expired.stored();
        }
        device.disk = disk;
    }

    /// What the server says of a user.
    fn list(&self, user: usize) -> Vec<DeviceId> {
        let slots = self.slots.iter().zip(&self.town.devices);
        let there = slots.filter(|(slot, _)| slot.user == user && slot.is_there);
        there.map(|(_, device)| device.account.address.device()).collect()
    }

    fn slot_of(&self, address: &confidant::Address) -> usize {
        let of = |device: &Device| device.account.address == *address;
        self.town.devices.iter().position(of).unwrap()
    }

    /// A device writes to a user, and to its own user's other devices.
    fn write(&mut self, from: usize, user: usize) -> Option<u64> {
        self.take_lists(from, user);
        let accepts = self.chance.below(4) > 0;
        self.begin_missing(from, user, accepts);
        self.written += 1;
        let text = self.written;
        let now = self.town.now;
        let Town { devices, rng, .. } = &mut self.town;
        let device = &mut devices[from];
        let bytes = text.to_be_bytes();
        let written = if self.slots[from].user == user {
            let (own, mut us) = device.with(&address(USERS[user], 1), now);
            own.encrypt_to_reachable(&mut [], &mut us, &bytes, rng)
        } else {
            let (own, theirs, mut us) = device.with_own(USERS[user], now);
            own.encrypt_to_reachable(&mut [theirs], &mut us, &bytes, rng)
        };
        let unstored = match written {
            Ok(unstored) => unstored,
            Err(SendError::NoDevices) => return None,
            Err(other) => panic!("{other:?}"),
        };
        if !self.settling && self.chance.below(20) == 0 {
            // The process ends before the transaction: nothing was sent.
            drop(unstored);
            device.restart();
            return None;
        }
        let sent = device.commit(unstored);
        self.tally.texts += 1;
        for out in sent {
            self.send(from, out, Some(text), user);
        }
        Some(text)
    }

    /// What the server says of the two users.
    fn take_lists(&mut self, from: usize, user: usize) {
        let now = self.town.now;
        for user in [self.slots[from].user, user] {
            let list = self.list(user);
            let device = &mut self.town.devices[from];
            let (record, us) = device.with(&address(USERS[user], 1), now);
            let taken = record.set_devices(&us, &list).unwrap();
            device.commit(taken);
        }
    }

    /// Sessions with everybody with whom there is none that can be written in.
    fn begin_missing(&mut self, from: usize, user: usize, accepts: bool) {
        let now = self.town.now;
        for user in [self.slots[from].user, user] {
            let (record, us) = self.town.devices[from].with(&address(USERS[user], 1), now);
            let mut wanted: BTreeSet<confidant::Address> =
                record.missing(&us).into_iter().map(|(address, _)| address).collect();
            let due = record.devices().filter(|device| device.is_handshake_due(&us));
            wanted.extend(due.filter(|d| d.stale_since().is_none()).map(|d| d.address().clone()));
            for to in wanted {
                let to = self.slot_of(&to);
                self.begin(from, to, accepts);
            }
        }
    }

    /// Begins a session. Where the identity has changed, the user is asked.
    fn begin(&mut self, from: usize, to: usize, accepts: bool) -> bool {
        let changed = BeginError::Refused(InitiateError::IdentityChanged);
        match self.town.try_begin(from, to) {
            Err(error) if error == changed && accepts => {
                let party = self.town.devices[to].party();
                self.town.devices[from].account.trust.accept_change(&party).unwrap();
                self.town.devices[from].write_all();
                self.town.try_begin(from, to).unwrap();
            }
            Err(error) if error == changed => return false,
            other => other.unwrap(),
        }
        let id = *self.town.record(from, to).active_id().unwrap();
        self.begun.insert(id, self.step);
        self.slots[from].held.insert(id);
        self.tally.handshakes += 1;
        true
    }

    /// Hands a message to the relay.
    fn send(&mut self, from: usize, out: Outgoing, text: Option<u64>, user: usize) {
        let to = self.slot_of(out.sent.to().address());
        let session = *self.town.record(from, to).active_id().unwrap();
        let nonce = out.message[out.message.len().saturating_sub(600)..].to_vec();
        assert!(self.nonces.insert(nonce), "no message is made twice");
        self.mail.push(Mail {
            from,
            to,
            bytes: out.message,
            text,
            session,
            writer: self.town.devices[from].account.identity.public(),
            reader: *out.sent.to().identity(),
            sent_at: self.town.now,
            changed: false,
        });
        if text.is_some() {
            self.slots[from].sent.push(Kept { sent: out.sent, user });
        }
        let waiting = |mail: &Mail| mail.to == to;
        if self.mail.iter().filter(|mail| waiting(mail)).count() > MAILBOX {
            let oldest = self.mail.iter().position(waiting).unwrap();
            self.mail.remove(oldest);
        }
        let until = |mail: &Mail| mail.sent_at.as_secs() + KEPT_BY_RELAY;
        let now = self.town.now.as_secs();
        self.mail.retain(|mail| until(mail) > now);
    }

    /// The relay delivers something, or what it makes of it.
    fn relay(&mut self) {
        if self.mail.is_empty() {
            return;
        }
        let which = self.below(self.mail.len());
        match self.chance.below(20) {
            0 => drop(self.mail.remove(which)),
            1..3 => {
                let copy = self.mail[which].clone();
                self.deliver(copy);
            }
            3 => {
                let mut changed = self.mail[which].clone();
                let at = self.below(changed.bytes.len());
                changed.bytes[at] ^= 1 << self.below(8);
                changed.changed = true;
                self.deliver(changed);
            }
            _ => {
                let mail = self.mail.remove(which);
                self.deliver(mail);
            }
        }
    }

    fn deliver(&mut self, mail: Mail) {
        let (expected, before) = (self.expected(&mail), self.town.devices[mail.to].state());
        match self.town.try_read(mail.to, mail.from, &mail.bytes) {
            Ok(delivery) => {
                assert!(expected != Expected::Refused, "step {}: {delivery:?}", self.step);
                self.note(&mail, &delivery);
                self.answer(&mail, delivery);
            }
            Err(error) => {
                assert!(expected != Expected::Read, "step {}: {error:?}", self.step);
                let after = self.town.devices[mail.to].state();
                assert!(before == after, "step {}: an error changes nothing", self.step);
                self.tally.refused += 1;
                self.ask(&mail, error);
            }
        }
    }

    /// What must become of a message.
    fn expected(&self, mail: &Mail) -> Expected {
        let (reader, writer) = (&self.slots[mail.to], &self.slots[mail.from]);
        let device = &self.town.devices[mail.to];
        let sender = &self.town.devices[mail.from].account.address;
        let record = device.record(sender);
        let known = device.account.trust.identity(sender);
        let pin = known.or_else(|| record.and_then(|record| record.identity()));
        let for_another = device.account.identity.public() != mail.reader;
        if mail.changed || for_another || pin.is_some_and(|pin| *pin != mail.writer) {
            return Expected::Refused;
        }
        let begun = self.begun[&mail.session];
        let put_back = reader.put_back.max(writer.put_back);
        let was_read = mail.text.and_then(|text| reader.read.get(&text));
        if was_read.is_some_and(|step| *step >= reader.put_back) {
            return Expected::Refused;
        }
        if put_back >= begun || was_read.is_some() || mail.text.is_none() {
            return Expected::Unsure;
        }
        let holds = |info: confidant::SessionInfo| {
            info.id == mail.session && info.until.is_none_or(|until| until > self.town.now)
        };
        let has_it = record.is_some_and(|record| record.sessions().any(holds));
        let is_new = !reader.held.contains(&mail.session);
        if has_it || is_new { Expected::Read } else { Expected::Unsure }
    }

    /// Looks at what was read.
    fn note(&mut self, mail: &Mail, delivery: &Delivery) {
        let from = self.town.address(mail.from);
        assert_eq!((delivery.from.address(), delivery.from.identity()), (&from, &mail.writer));
        let reader = &mut self.slots[mail.to];
        if let Some(record) = self.town.devices[mail.to].record(&from) {
            reader.held.extend(record.sessions().map(|info| info.id));
        }
        if let Some(key) = delivery.used.and_then(|used| used.one_time) {
            let first = reader.used.insert(key);
            assert!(first || reader.put_back > 0, "no one-time key is used twice");
        }
        let put_back = reader.put_back.max(self.slots[mail.from].put_back);
        assert!(!delivery.forked || put_back > 0, "step {}: nobody has forked", self.step);
        self.tally.forks += u64::from(delivery.forked);
        if let Incoming::Text(received) = &delivery.incoming {
            let text = mail.text.map(u64::to_be_bytes);
            assert_eq!(Some(received.plaintext.as_bytes()), text.as_ref().map(|text| &text[..]));
            self.tally.read += 1;
            self.slots[mail.to].read.insert(mail.text.unwrap(), self.step);
        }
    }

    /// The application of the reader asks for what it could not read.
    fn ask(&mut self, mail: &Mail, error: ReceiveError) {
        match error {
            ReceiveError::Decrypt(DecryptError::Duplicate) => self.tally.duplicates += 1,
            ReceiveError::IdentityChanged => self.ask_the_user(mail),
            _ => self.ask_for(mail),
        }
    }

    /// Another identity: the user finds out whose it is, and goes on with it if it is the device's; or does not look yet.
    fn ask_the_user(&mut self, mail: &Mail) {
        let party = self.town.devices[mail.from].party();
        if *party.identity() == mail.writer && (self.settling || self.chance.below(2) == 0) {
            let reader = &mut self.town.devices[mail.to];
            reader.account.trust.accept_change(&party).unwrap();
            reader.write_all();
        }
    }

    fn ask_for(&mut self, mail: &Mail) {
        let (now, sender) = (self.town.now, self.town.address(mail.from));
        let (user, us) = self.town.devices[mail.to].with(&sender, now);
        let record = user.device(sender.device());
        let need = record.map_or(Some(Need::NoSession), |record| record.need(&us));
        let is_there = self.slots[mail.from].is_there;
        if need.is_some() && !(is_there && self.begin(mail.to, mail.from, false)) {
            return;
        }
        let asked = self.town.try_ask(mail.to, mail.from, &mail.bytes);
        asked.into_iter().for_each(|out| self.asked(mail, out));
    }

    fn asked(&mut self, mail: &Mail, out: Outgoing) {
        self.tally.requests += 1;
        self.send(mail.to, out, None, 0);
    }

    /// The application of the reader answers what is to be answered.
    fn answer(&mut self, mail: &Mail, delivery: Delivery) {
        let Incoming::RetryRequest(request) = delivery.incoming else { return };
        let (us, asks) = (mail.to, mail.from);
        let verdicts = self.slots[us].sent.iter().map(|kept| request.matches(&kept.sent));
        match verdicts.clone().position(|verdict| verdict.is_ok()) {
            Some(which) => {
                let Kept { sent, user } = self.slots[us].sent.remove(which);
                assert_eq!(*request.id(), MessageId::from_bytes(*sent.id().as_bytes()));
                assert_eq!(sent.to().identity(), request.from().identity());
                if self.slots[asks].is_there {
                    self.begin(us, asks, false);
                }
                self.tally.sent_again += u64::from(self.write(us, user).is_some());
            }
            None => {
                let mut known = verdicts;
                let changed = known.any(|v| v == Err(RetryRefused::IdentityChanged));
                if !changed {
                    self.decline(us, asks, &request);
                }
            }
        }
    }

    fn decline(&mut self, us: usize, asks: usize, request: &RetryRequest) {
        let (address, now) = (self.town.address(asks), self.town.now);
        let Town { devices, rng, .. } = &mut self.town;
        let (record, mut our_side) = devices[us].with_device(&address, now);
        if let Ok(out) = record.not_ours(&mut our_side, request, rng) {
            let out = devices[us].commit(out);
            self.send(us, out, None, 0);
        }
    }

    /// Everything that is under way arrives; then everybody writes to everybody, and what is written arrives at once, until everybody has read
    /// everything that was written in one exchange. Half an hour passes between two.
    pub fn settle(&mut self) {
        self.settling = true;
        while !self.mail.is_empty() {
            let mail = self.mail.remove(0);
            self.deliver(mail);
        }
        for exchange in 1..=20 {
            if self.exchange() {
                self.tally.most_exchanges = self.tally.most_exchanges.max(exchange);
                return;
            }
            self.town.wait(RETRY_INTERVAL);
        }
        panic!("they do not find each other");
    }

    /// Has everybody read what everybody wrote?
    fn exchange(&mut self) -> bool {
        let mut all = true;
        for from in 0..self.slots.len() {
            for user in 0..USERS.len() {
                self.step += 1;
                if !self.slots[from].is_there {
                    continue;
                }
                self.take_lists(from, user);
                self.begin_missing(from, user, true);
                let text = self.write(from, user);
                let mut read = BTreeSet::new();
                while !self.mail.is_empty() {
                    let mail = self.mail.remove(0);
                    let (to, is_it) = (mail.to, mail.text == text && mail.from == from);
                    self.deliver(mail);
                    if is_it && text.is_some_and(|text| self.slots[to].read.contains_key(&text)) {
                        read.insert(to);
                    }
                }
                let users = [user, self.slots[from].user];
                let due = |to: &usize| {
                    let slot = &self.slots[*to];
                    *to != from && slot.is_there && users.contains(&slot.user)
                };
                let due: BTreeSet<usize> = (0..self.slots.len()).filter(due).collect();
                all &= due == read || (text.is_none() && due.is_empty());
            }
        }
        all
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// It opens.
    Read,
    /// It does not.
    Refused,
    /// The world is not what its writer took it for: a disk was put back, a session is over.
    Unsure,
}
