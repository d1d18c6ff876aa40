//! Devices of users, with their records of each other, for tests of people. Needs `mod common;` beside it.
#![allow(dead_code, reason = "each test crate uses its own part")]

use std::collections::BTreeMap;
use std::sync::Arc;

use confidant::{
    Address, BeginError, Change, Delivery, DeviceId, DeviceRecord, Identity, Incoming, MessageId,
    Outgoing, Party, Policy, PreKeyStore, Provider, Publication, ReceiveError, SendError,
    StateName, Suite, TrustStore, UnixTime, Unstored, Us, UserId, UserRecord, VerifiedBundle,
};

use crate::common::{NOW, TestRng};

/// What a device is, and keeps besides its records.
pub struct Account {
    pub identity: Arc<Identity>,
    pub address: Address,
    pub prekeys: PreKeyStore,
    pub trust: TrustStore,
    pub older_lifetime: u64,
}

impl Account {
    pub fn us(&mut self, now: UnixTime) -> Us<'_> {
        Us::new(&self.identity, &self.address, &mut self.prekeys, &mut self.trust, now)
            .policy(Policy::ClassicalAllowed)
            .older_lifetime(self.older_lifetime)
            .unwrap()
    }
}

/// What a device has on its disk: the names of states, and their snapshots with their epochs.
pub type Disk = BTreeMap<Vec<u8>, (Vec<u8>, u64)>;

/// Stores a change set.
pub fn store<'a>(disk: &mut Disk, changes: impl IntoIterator<Item = &'a Change>) {
    for change in changes {
        match change.snapshot() {
            Some(snapshot) => {
                let state = (snapshot.expose().to_vec(), snapshot.epoch());
                disk.insert(change.name().to_bytes(), state);
            }
            None => drop(disk.remove(&change.name().to_bytes())),
        }
    }
}

/// One device: in memory, on disk, and what it has published.
pub struct Device {
    pub account: Account,
    /// By user; its own user's other devices too.
    pub people: BTreeMap<Vec<u8>, UserRecord>,
    pub disk: Disk,
    pub published: Publication,
}

pub fn address(user: &str, device: u32) -> Address {
    let provider = Provider::new("example.org").unwrap();
    Address::new(provider, UserId::new(user).unwrap(), DeviceId::new(device))
}

impl Device {
    pub fn new(address: Address, rng: &mut TestRng) -> Self {
        let identity = Identity::generate(rng).unwrap();
        Self::with_identity(address, (identity, Suite::X3dh), rng)
    }

    pub fn with_identity(
        address: Address,
        (identity, suite): (Identity, Suite),
        rng: &mut TestRng,
    ) -> Self {
        let mut prekeys = PreKeyStore::generate(&identity, suite, NOW, rng).unwrap();
        let published = prekeys.replenish(&identity, 20, NOW, rng).unwrap();
        let trust = TrustStore::new();
        let older_lifetime = confidant::limits::OLDER_LIFETIME;
        let identity = Arc::new(identity);
        let account = Account { identity, address, prekeys, trust, older_lifetime };
        let mut device = Self { account, people: BTreeMap::new(), disk: Disk::new(), published };
        device.write_all();
        device
    }

    fn prekeys(&self) -> StateName {
        StateName::PreKeys(self.account.prekeys.suite())
    }

    pub fn party(&self) -> Party {
        Party::new(self.account.address.clone(), self.account.identity.public())
    }

    pub fn bundle(&mut self, now: UnixTime) -> VerifiedBundle {
        self.published.next_bundle(now).verify(now).unwrap()
    }

    /// The record of a user, and our side.
    pub fn with(&mut self, other: &Address, now: UnixTime) -> (&mut UserRecord, Us<'_>) {
        let user = other.user().as_bytes().to_vec();
        let record = self.people.entry(user).or_insert_with(|| UserRecord::new(other.clone()));
        (record, self.account.us(now))
    }

    /// The record of a device that there is one of, and our side.
    pub fn with_device(&mut self, other: &Address, now: UnixTime) -> (&mut DeviceRecord, Us<'_>) {
        let (user, us) = self.with(other, now);
        (user.device_mut(other.device()).unwrap(), us)
    }

    /// The record of our own user and that of another, and our side.
    pub fn with_own(
        &mut self,
        other: &str,
        now: UnixTime,
    ) -> (&mut UserRecord, &mut UserRecord, Us<'_>) {
        let ours = self.account.address.clone();
        for user in [ours.clone(), address(other, 1)] {
            self.with(&user, now);
        }
        let (mut own, mut theirs) = (None, None);
        for (user, record) in &mut self.people {
            if *user == ours.user().as_bytes() {
                own = Some(record);
            } else if *user == other.as_bytes() {
                theirs = Some(record);
            }
        }
        (own.unwrap(), theirs.unwrap(), self.account.us(now))
    }

    pub fn record(&self, other: &Address) -> Option<&DeviceRecord> {
        self.people.get(other.user().as_bytes())?.device(other.device())
    }

    /// Stores what an operation has changed, and gives its result.
    pub fn commit<T>(&mut self, unstored: Unstored<T>) -> T {
        store(&mut self.disk, unstored.changes());
        unstored.stored()
    }

    /// Stores everything, whether it has changed or not.
    pub fn write_all(&mut self) {
        let prekeys = self.prekeys();
        let mut put = |name: StateName, snapshot: confidant::Snapshot| {
            self.disk.insert(name.to_bytes(), (snapshot.expose().to_vec(), snapshot.epoch()));
        };
        put(prekeys, self.account.prekeys.snapshot());
        put(StateName::Trust, self.account.trust.snapshot());
        for record in self.people.values().flat_map(UserRecord::devices) {
            put(StateName::Device(record.address().clone()), record.snapshot());
        }
    }

    /// What is in memory goes, and what is on this disk takes its place.
    pub fn restart_from(&mut self, disk: Disk) {
        let state = |name: StateName| disk.get(&name.to_bytes()).unwrap();
        let (prekeys, epoch) = state(self.prekeys());
        self.account.prekeys = PreKeyStore::restore(prekeys, *epoch).unwrap();
        let (trust, epoch) = state(StateName::Trust);
        self.account.trust = TrustStore::restore(trust, *epoch).unwrap();
        self.people.clear();
        for (_, (record, epoch)) in disk.iter().filter(|(name, _)| name[0] == 0x05) {
            let record = DeviceRecord::restore(record, *epoch).unwrap();
            let user = record.address().user().as_bytes().to_vec();
            let address = record.address().clone();
            let user = self.people.entry(user).or_insert_with(|| UserRecord::new(address));
            user.insert(record).unwrap();
        }
        self.disk = disk;
    }

    pub fn restart(&mut self) {
        self.restart_from(self.disk.clone());
    }

    /// Another device in the same state: a clone, or what might have happened instead.
    pub fn twin(&self) -> Self {
        let (prekeys, epoch) = &self.disk[&self.prekeys().to_bytes()];
        let account = Account {
            identity: Arc::clone(&self.account.identity),
            address: self.account.address.clone(),
            prekeys: PreKeyStore::restore(prekeys, *epoch).unwrap(),
            trust: TrustStore::new(),
            older_lifetime: self.account.older_lifetime,
        };
        let published = Publication::decode(&self.published.encode()).unwrap();
        let people = BTreeMap::new();
        let mut twin = Self { account, people, disk: Disk::new(), published };
        twin.restart_from(self.disk.clone());
        twin
    }

    /// Everything that is in memory, as bytes.
    pub fn state(&self) -> Vec<Vec<u8>> {
        let mut all = vec![
            self.account.prekeys.snapshot().expose().to_vec(),
            self.account.trust.snapshot().expose().to_vec(),
        ];
        let records = self.people.values().flat_map(UserRecord::devices);
        all.extend(records.map(|record| record.snapshot().expose().to_vec()));
        all
    }
}

/// Devices by index.
pub struct Town {
    pub devices: Vec<Device>,
    pub rng: TestRng,
    pub now: UnixTime,
}

impl Town {
    /// One device, number 1, for each user.
    pub fn new(users: &[&str], seed: u64) -> Self {
        Self::with_devices(&users.iter().map(|user| (*user, 1)).collect::<Vec<_>>(), seed)
    }

    pub fn with_devices(devices: &[(&str, u32)], seed: u64) -> Self {
        let mut rng = TestRng::new(seed);
        let new = |(user, device): &(&str, u32)| Device::new(address(user, *device), &mut rng);
        Self { devices: devices.iter().map(new).collect(), rng, now: NOW }
    }

    /// The same town once more, as it is stored, with other randomness from here on.
    pub fn twin(&self, seed: u64) -> Self {
        let devices = self.devices.iter().map(Device::twin).collect();
        Self { devices, rng: TestRng::new(seed), now: self.now }
    }

    /// Two devices with pre-keys of this suite.
    pub fn of_suite(suite: Suite, seed: u64) -> Self {
        let mut rng = TestRng::new(seed);
        let mut new = |user| {
            let identity = Identity::generate(&mut rng).unwrap();
            Device::with_identity(address(user, 1), (identity, suite), &mut rng)
        };
        let devices = ["alice", "bob"].map(&mut new).into();
        Self { devices, rng, now: NOW }
    }

    pub fn address(&self, device: usize) -> Address {
        self.devices[device].account.address.clone()
    }

    pub fn wait(&mut self, seconds: u64) {
        self.now = UnixTime::from_secs(self.now.as_secs() + seconds);
    }

    /// `from` fetches a bundle of `to`, and begins a session.
    pub fn try_begin(&mut self, from: usize, to: usize) -> Result<(), BeginError> {
        let now = self.now;
        let bundle = self.devices[to].bundle(now);
        let address = self.address(to);
        let (record, mut us) = self.devices[from].with(&address, now);
        let began = record.begin(&mut us, (address.device(), &bundle), &mut self.rng)?;
        self.devices[from].commit(began);
        Ok(())
    }

    pub fn begin(&mut self, from: usize, to: usize) {
        self.try_begin(from, to).unwrap();
    }

    /// `from` writes to `to`, in the session that there is.
    pub fn try_write(
        &mut self,
        from: usize,
        to: usize,
        text: &[u8],
    ) -> Result<Outgoing, SendError> {
        let (address, now) = (self.address(to), self.now);
        let (record, mut us) = self.devices[from].with_device(&address, now);
        let out = record.encrypt(&mut us, text, &mut self.rng)?;
        Ok(self.devices[from].commit(out))
    }

    pub fn write(&mut self, from: usize, to: usize, text: &[u8]) -> Vec<u8> {
        self.try_write(from, to, text).unwrap().message
    }

    /// `to` reads a message that is said to be from `from`.
    pub fn try_read(
        &mut self,
        to: usize,
        from: usize,
        message: &[u8],
    ) -> Result<Delivery, ReceiveError> {
        let (address, now) = (self.address(from), self.now);
        let (record, mut us) = self.devices[to].with(&address, now);
        let read = record.decrypt(&mut us, address.device(), message)?;
        Ok(self.devices[to].commit(read))
    }

    pub fn read(&mut self, to: usize, from: usize, message: &[u8]) -> Delivery {
        self.try_read(to, from, message).unwrap()
    }

    /// `to` asks `from` for a message.
    pub fn try_ask(
        &mut self,
        to: usize,
        from: usize,
        message: &[u8],
    ) -> Result<Outgoing, SendError> {
        let (address, now) = (self.address(from), self.now);
        let (record, mut us) = self.devices[to].with_device(&address, now);
        let id = MessageId::of(message);
        let out = record.could_not_decrypt(&mut us, &id, &mut self.rng)?;
        Ok(self.devices[to].commit(out))
    }

    /// Writes, reads, and gives what was read.
    pub fn carry(&mut self, from: usize, to: usize, text: &[u8]) -> Delivery {
        let message = self.write(from, to, text);
        self.read(to, from, &message)
    }

    /// Two that have spoken: `a` began.
    pub fn introduce(&mut self, a: usize, b: usize) {
        self.begin(a, b);
        self.carry(a, b, b"hello");
        self.carry(b, a, b"hello yourself");
        assert!(self.agree(a, b));
    }

    pub fn record(&self, at: usize, of: usize) -> &DeviceRecord {
        self.devices[at].record(&self.address(of)).unwrap()
    }

    /// Do both write in the same session?
    pub fn agree(&self, a: usize, b: usize) -> bool {
        let (ours, theirs) = (self.record(a, b).active_id(), self.record(b, a).active_id());
        ours.is_some() && ours == theirs
    }
}

/// What a delivery said, if it is a text.
pub fn text(delivery: &Delivery) -> Option<&[u8]> {
    match &delivery.incoming {
        Incoming::Text(received) => Some(received.plaintext.as_bytes()),
        _ => None,
    }
}
