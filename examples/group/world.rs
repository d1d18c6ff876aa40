//! What all devices share: the relay, the server's pre-keys, and who is who.

use std::collections::BTreeMap;
use std::error::Error;

use confidant::{Address, Party, PreKeyBundle, Publication, UnixTime, VerifiedBundle};

use crate::relay::Relay;

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

pub type Name = &'static str;

/// What stands on an envelope, besides who sends it to whom.
#[derive(Clone, Copy)]
pub enum Post {
    /// A pairwise message.
    Letter,
    /// A group message. The number is for the record alone.
    Line(usize),
}

pub struct World {
    pub relay: Relay<Post>,
    pub now: UnixTime,
    /// Whose identity is whose: what a real user compares out of band.
    contacts: BTreeMap<Name, Party>,
    published: BTreeMap<Name, Publication>,
}

impl World {
    pub const fn new(now: UnixTime) -> Self {
        let relay = Relay::new(0x5eed);
        Self { relay, now, contacts: BTreeMap::new(), published: BTreeMap::new() }
    }

    pub fn register(&mut self, name: Name, member: Party, publication: Publication) {
        self.contacts.insert(name, member);
        self.published.insert(name, publication);
    }

    pub fn contact(&self, name: Name) -> Result<&Party> {
        self.contacts.get(name).ok_or_else(|| format!("{name} is nobody's contact").into())
    }

    pub fn name_of(&self, address: &Address) -> Result<Name> {
        let mut contacts = self.contacts.iter();
        let found = contacts.find(|(_, member)| member.address() == address);
        found.map(|(name, _)| *name).ok_or_else(|| "an address of nobody".into())
    }

    /// A bundle as the server gives it out, verified.
    pub fn bundle(&mut self, name: Name) -> Result<VerifiedBundle> {
        let published = self.published.get_mut(name).ok_or("nothing was published")?;
        let fetched = published.next_bundle(self.now).encode();
        Ok(PreKeyBundle::decode(&fetched)?.verify(self.now)?)
    }
}
