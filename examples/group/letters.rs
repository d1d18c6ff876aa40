//! Pairwise messages of one device. Everybody may write first, and two may do so at once: every session is kept, all are tried
//! on what arrives, and both sides write with the same one.

use std::collections::BTreeMap;

use confidant::{
    Address, Context, DeviceId, Identity, Party, PreKeyMessage, PreKeyStore, Provider, Received,
    Secret, Session, Suite, UserId,
};
use getrandom::SysRng;

use crate::world::{Name, Result, World};

pub struct Letters {
    identity: Identity,
    address: Address,
    prekeys: PreKeyStore,
    sessions: BTreeMap<Name, Vec<Session>>,
}

impl Letters {
    /// A new device, whose pre-keys are published.
    pub fn new(name: Name, world: &mut World) -> Result<Self> {
        let rng = &mut SysRng;
        let user = UserId::new(name)?;
        let address = Address::new(Provider::new("example.org")?, user, DeviceId::new(1));
        let identity = Identity::generate(rng)?;
        let mut prekeys = PreKeyStore::generate(&identity, Suite::Pqxdh1024, world.now, rng)?;
        let publication = prekeys.replenish(&identity, 10, world.now, rng)?;
        // A real application stores the identity's seed and the pre-keys, sealed, before it publishes.
        let letters = Self { identity, address, prekeys, sessions: BTreeMap::new() };
        world.register(name, letters.member(), publication);
        Ok(letters)
    }

    pub fn member(&self) -> Party {
        Party::new(self.address.clone(), self.identity.public())
    }

    /// A conversation with the identity that we know as theirs, and no other.
    fn context(&self, with: Name, world: &World) -> Result<Context> {
        let them = world.contact(with)?;
        let context = Context::new(self.address.clone(), them.address().clone());
        Ok(context.pin(*them.identity()))
    }

    /// The session to write with: of several, the one that the other side would choose as well.
    pub fn session(&mut self, with: Name, world: &mut World) -> Result<&mut Session> {
        if self.sessions.get(with).is_none_or(Vec::is_empty) {
            let (context, bundle) = (self.context(with, world)?, world.bundle(with)?);
            let session = Session::initiate(&self.identity, &bundle, &context, &mut SysRng)?;
            self.sessions.insert(with, vec![session]);
        }
        let sessions = self.sessions.get_mut(with).into_iter().flatten();
        sessions.min_by_key(|session| *session.id()).ok_or_else(|| "no session".into())
    }

    /// What a letter says; an error if it says nothing to us, and nothing has changed then.
    pub fn open(&mut self, from: Name, letter: &[u8], world: &World) -> Result<Received> {
        let context = self.context(from, world)?;
        let Self { identity, prekeys, sessions, .. } = self;
        let sessions = sessions.entry(from).or_default();
        for session in sessions.iter_mut() {
            if let Ok(received) = session.decrypt(letter) {
                return Ok(received);
            }
        }
        let request = PreKeyMessage::decode(letter).map_err(|_| "a letter that does not open")?;
        if sessions.iter().any(|session| session.began_with(&request)) {
            return Err("a letter that was opened before".into());
        }
        let accepted = Session::accept(identity, prekeys, &request, &context, world.now)?;
        // A real application stores session and pre-keys in one transaction, before it acts on what the letter says.
        sessions.push(accepted.session);
        Ok(accepted.received)
    }

    /// Goes on from what was stored.
    pub fn restart(&mut self) -> Result<()> {
        let seed = Secret::init_with(|seed| *seed = *self.identity.seed().expose());
        self.identity = Identity::from_seed(seed);
        let stored = self.prekeys.snapshot();
        self.prekeys = PreKeyStore::restore(stored.expose(), stored.epoch())?;
        for session in self.sessions.values_mut().flatten() {
            let stored = session.snapshot();
            *session = Session::restore(stored.expose(), stored.epoch())?;
        }
        Ok(())
    }
}
