//! One device that talks with one contact: what an application has to do.
//!
//! ```text
//! to write   is it still who we know? encrypt; store; seal, if the relay is not to know who sends; send
//! to read    open the seal and verify who sent it; decrypt, or accept a first message; store; act
//! ```
//!
//! Where a real application stores its state, a comment says so. Always before anything is sent or acted upon.

use std::time::SystemTime;

use confidant::{
    Accepted, Address, Context, Identity, Party, Plaintext, PreKeyMessage, PreKeyStore,
    Publication, Session, Suite, TrustStore, UnixTime, VerifiedBundle, VerifiedSender,
};
use getrandom::SysRng;

use crate::Result;
use crate::seal::Seal;

pub struct Device {
    identity: Identity,
    address: Address,
    prekeys: PreKeyStore,
    trust: TrustStore,
    contact: Address,
    session: Option<Session>,
    seal: Option<Seal>,
}

impl Device {
    pub fn new(address: Address, contact: Address, now: UnixTime) -> Result<Self> {
        let identity = Identity::generate(&mut SysRng)?;
        let prekeys = PreKeyStore::generate(&identity, Suite::Pqxdh1024, now, &mut SysRng)?;
        let trust = TrustStore::new();
        Ok(Self { identity, address, prekeys, trust, contact, session: None, seal: None })
    }

    pub fn party(&self) -> Party {
        Party::new(self.address.clone(), self.identity.public())
    }

    /// From here on, what is sent is sealed, and only what is sealed is read.
    pub fn seal_with(&mut self, seal: Seal) {
        self.seal = Some(seal);
    }

    pub const fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    pub const fn can_write(&self) -> bool {
        self.session.is_some()
    }

    /// What to upload. A real application stores the identity's seed and `prekeys.snapshot()`, sealed, before it does.
    pub fn publish(&mut self, now: UnixTime) -> Result<Publication> {
        Ok(self.prekeys.replenish(&self.identity, 10, now, &mut SysRng)?)
    }

    /// A conversation with the contact, by the identity that we know, if we have met.
    fn context(&self) -> Context {
        Context::new(self.address.clone(), self.contact.clone()).known_to(&self.trust)
    }

    /// Begins the conversation.
    pub fn begin(&mut self, bundle: &VerifiedBundle) -> Result<()> {
        let session = Session::initiate(&self.identity, bundle, &self.context(), &mut SysRng)?;
        self.trust.meet(session.peer())?;
        self.session = Some(session);
        Ok(())
    }

    /// What to send, for a text.
    pub fn write(&mut self, text: &[u8]) -> Result<Vec<u8>> {
        let session = self.session.as_mut().ok_or("nobody to write to")?;
        let contact = Party::from(session.peer());
        self.trust.check(&contact)?;
        let message = session.encrypt(text, &mut SysRng)?;
        // A real application stores `session.snapshot()`, sealed, before it sends.
        match &self.seal {
            Some(seal) => seal.close(&self.identity, &contact, &message),
            None => Ok(message),
        }
    }

    /// What the bytes say. What does not open changes nothing.
    pub fn read(&mut self, bytes: &[u8]) -> Result<Plaintext> {
        let Some(seal) = &self.seal else { return self.decrypt(bytes) };
        let sender = seal.open(&self.identity, &self.address, bytes)?;
        // The certificate is a server's word. What we know ourselves counts for more.
        self.trust.check(sender.party())?;
        self.decrypt_sealed(&sender)
    }

    /// The envelope does not lie about the contact, or nothing opens.
    fn decrypt(&mut self, message: &[u8]) -> Result<Plaintext> {
        if let Some(session) = &mut self.session {
            // A real application stores the session before it acts on what it has read.
            return Ok(session.decrypt(message)?.plaintext);
        }
        let (request, context) = (PreKeyMessage::decode(message)?, self.context());
        let (us, prekeys, now) = (&self.identity, &mut self.prekeys, now());
        let accepted = Session::accept(us, prekeys, &request, &context, now)?;
        self.welcome(accepted)
    }

    /// The same, from a sender who has been verified: no session of somebody else's opens it.
    fn decrypt_sealed(&mut self, sender: &VerifiedSender) -> Result<Plaintext> {
        if let Some(session) = &mut self.session {
            return Ok(session.decrypt_sealed(sender)?.plaintext);
        }
        let context = self.context();
        let (us, prekeys, now) = (&self.identity, &mut self.prekeys, now());
        let accepted = Session::accept_sealed(us, prekeys, sender, &context, now)?;
        self.welcome(accepted)
    }

    fn welcome(&mut self, Accepted { session, received, .. }: Accepted) -> Result<Plaintext> {
        self.trust.meet(session.peer())?;
        // A real application stores session, pre-keys and trust here, in one transaction.
        self.session = Some(session);
        Ok(received.plaintext)
    }

    /// Goes on from what was stored, as after a crash.
    pub fn restart(&mut self) -> Result<()> {
        let stored = self.session.take().ok_or("nothing to restart")?.snapshot();
        self.session = Some(Session::restore(stored.expose(), stored.epoch())?);
        let stored = self.trust.snapshot();
        self.trust = TrustStore::restore(stored.expose(), stored.epoch())?;
        Ok(())
    }
}

pub fn now() -> UnixTime {
    UnixTime::from(SystemTime::now())
}
