//! What is in memory while a command runs: this device, the people it knows and the groups it is in, as they are stored.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::time::SystemTime;

use confidant::{
    Address, DeviceId, DeviceRecord, GroupSession, Identity, Party, Passphrase, PasswordParameters,
    PreKeyStore, Provider, Secret, StateName, Suite, TrustStore, UnixTime, Us, UserId, UserRecord,
};
use getrandom::SysRng;
use zeroize::Zeroizing;

use crate::Result;
use crate::fields::{pack, unpack};
use crate::link::Link;
use crate::store::{DEVICE, GROUP, OURS, Store};

/// One-time keys that are made at a time. Where bundles are fetched often, more.
pub const ONE_TIME_KEYS: usize = 40;
const SUITE: Suite = Suite::Pqxdh1024;

pub struct Messenger {
    pub store: Store,
    pub link: Link,
    pub state: State,
}

/// The crate's values.
pub struct State {
    pub me: Me,
    /// Our own user's other devices.
    pub own: UserRecord,
    /// By user.
    pub people: BTreeMap<String, UserRecord>,
    pub groups: Vec<GroupSession>,
}

pub struct Me {
    pub identity: Identity,
    pub address: Address,
    pub prekeys: PreKeyStore,
    pub trust: TrustStore,
}

impl Me {
    /// Our side of an operation.
    pub fn us(&mut self, now: UnixTime) -> Us<'_> {
        Us::new(&self.identity, &self.address, &mut self.prekeys, &mut self.trust, now)
    }

    pub fn party(&self) -> Party {
        Party::new(self.address.clone(), self.identity.public())
    }
}

impl Messenger {
    /// Makes a device, and puts its pre-keys into the outbox, all in one transaction.
    pub fn register(
        dir: &Path,
        device: &str,
        port_file: &Path,
        stretching: PasswordParameters,
    ) -> Result<()> {
        let address = address(device)?;
        let identity = Identity::generate(&mut SysRng)?;
        let mut prekeys = PreKeyStore::generate(&identity, SUITE, now()?, &mut SysRng)?;
        let published = prekeys.replenish(&identity, ONE_TIME_KEYS, now()?, &mut SysRng)?;
        let port_file = std::path::absolute(port_file)?;
        let port_file = port_file.to_str().ok_or("the name of PORT-FILE is not text")?;
        Store::create(dir, (&passphrase()?, stretching), |rows| {
            let (seed, device) = (identity.seed().expose(), name(&address));
            let ours = pack(&[seed.as_slice(), device.as_bytes(), port_file.as_bytes()])?;
            rows.put_named(OURS, b"device", &Zeroizing::new(ours))?;
            rows.put_state(&StateName::PreKeys(SUITE), Some(&prekeys.snapshot()))?;
            rows.put_state(&StateName::Trust, Some(&TrustStore::new().snapshot()))?;
            rows.put_publication(&address, &published)
        })
    }

    pub fn open(dir: &Path) -> Result<Self> {
        let store = Store::open(dir, &passphrase()?)?;
        let ours = store.need(&store.key(OURS, b"device"))?;
        let [_, _, port_file] = unpack(ours.as_bytes())?;
        let link = Link::new(std::str::from_utf8(port_file)?.into());
        Ok(Self { state: State::load(&store)?, store, link })
    }

    /// Goes back to what is stored: an operation was given up behind its first step.
    pub fn reload(&mut self) -> Result<()> {
        self.state = State::load(&self.store)?;
        Ok(())
    }
}

impl State {
    /// Epochs of 0: a directory that was put back as a whole is not noticed here, but by the others (see `restored`).
    fn load(store: &Store) -> Result<Self> {
        let ours = store.need(&store.key(OURS, b"device"))?;
        let [seed, device, _] = unpack(ours.as_bytes())?;
        let seed: &[u8; 32] = seed.try_into()?;
        let state = |name| store.need(&store.state_key(&name));
        let me = Me {
            identity: Identity::from_seed(Secret::init_with(|bytes| *bytes = *seed)),
            address: address(std::str::from_utf8(device)?)?,
            prekeys: PreKeyStore::restore(state(StateName::PreKeys(SUITE))?.as_bytes(), 0)?,
            trust: TrustStore::restore(state(StateName::Trust)?.as_bytes(), 0)?,
        };
        let own = UserRecord::new(me.address.clone());
        let mut state = Self { me, own, people: BTreeMap::new(), groups: Vec::new() };
        for (_, device) in store.all(DEVICE)? {
            let device = DeviceRecord::restore(device.as_bytes(), 0)?;
            let address = device.address().clone();
            state.with(&address)?.0.insert(device)?;
        }
        for (_, group) in store.all(GROUP)? {
            state.groups.push(GroupSession::restore(group.as_bytes(), 0)?);
        }
        Ok(state)
    }

    /// The record of a user, our side, and our groups.
    pub fn with(&mut self, of: &Address) -> Result<(&mut UserRecord, Us<'_>, &mut [GroupSession])> {
        let Self { me, own, people, groups } = self;
        let user = if of.user() == me.address.user() {
            own
        } else {
            people.entry(user(of)).or_insert_with(|| UserRecord::new(of.clone()))
        };
        Ok((user, me.us(now()?), groups))
    }
}

/// `user/device`: how a device is called here, and at the relay.
pub fn name(address: &Address) -> String {
    format!("{}/{}", user(address), address.device().number())
}

pub fn user(address: &Address) -> String {
    String::from_utf8_lossy(address.user().as_bytes()).into_owned()
}

/// Of `user/device`; the first device is meant if none is named.
pub fn address(name: &str) -> Result<Address> {
    let (user, device) = name.split_once('/').unwrap_or((name, "1"));
    if user.chars().any(char::is_control) {
        return Err("a user's name is text that can be printed".into());
    }
    let device = DeviceId::new(device.parse().map_err(|_| "a device is a number")?);
    Ok(Address::new(Provider::new("")?, UserId::new(user)?, device))
}

/// The system's clock; MESSENGER_LATER is for tests.
pub fn now() -> Result<UnixTime> {
    let later = env::var("MESSENGER_LATER").unwrap_or_else(|_| "0".into());
    let now = UnixTime::from(SystemTime::now()).as_secs();
    Ok(UnixTime::from_secs(now.saturating_add(later.parse()?)))
}

fn passphrase() -> Result<Passphrase> {
    let text = Zeroizing::new(env::var("MESSENGER_PASSPHRASE").unwrap_or_default());
    let passphrase = Passphrase::new(text.as_bytes().to_vec());
    Ok(passphrase.map_err(|error| format!("{error}: set MESSENGER_PASSPHRASE"))?)
}
