//! A root, a server that certifies senders, and devices that it has certified. Needs `mod common;` beside it.
#![allow(dead_code, reason = "each test crate uses its own part")]

use confidant::{
    Address, CertificateIssuer, CertificateKey, Identity, OpenError, Opened, Party, SealedContent,
    SealedMessage, SealedSender, Secret, SenderCertificate, ServerCertificate, TrustRoots,
    UnixTime, VerifiedSender,
};

use crate::common::{NOW, TestRng, address};

pub const DAY: u64 = 86_400;
/// For how long the office certifies its server, and for how long that certifies senders.
pub const SERVER_DAYS: u64 = 30;

pub const ROOT_SEED: [u8; 32] = [0xa1; 32];
pub const SERVER_SEED: [u8; 32] = [0xb2; 32];

pub fn key(seed: [u8; 32]) -> CertificateKey {
    CertificateKey::from_seed(Secret::init_with(|out| *out = seed))
}

pub fn time(seconds: u64) -> UnixTime {
    UnixTime::from_secs(seconds)
}

/// A time relative to `NOW`.
pub fn now(plus: i64) -> UnixTime {
    time(NOW.as_secs().checked_add_signed(plus).unwrap())
}

/// Who certifies, and what others pin.
pub struct Office {
    pub root: CertificateKey,
    pub issuer: CertificateIssuer,
    pub server: ServerCertificate,
    pub roots: TrustRoots,
}

impl Office {
    pub fn new() -> Self {
        let root = key(ROOT_SEED);
        let until = time(NOW.as_secs() + SERVER_DAYS * DAY);
        let server = root.certify(&key(SERVER_SEED).public(), NOW, until);
        let issuer = CertificateIssuer::new(key(SERVER_SEED), server).unwrap();
        let roots = TrustRoots::new([root.public()]);
        Self { root, issuer, server, roots }
    }

    /// A certificate for a day from `NOW` on.
    pub fn certify(&self, party: &Party) -> SenderCertificate {
        self.issuer.issue(party, NOW, DAY).unwrap()
    }

    /// A new device of a user.
    pub fn person(&self, user: &str, rng: &mut TestRng) -> Person {
        self.person_at(address(user), rng)
    }

    pub fn person_at(&self, address: Address, rng: &mut TestRng) -> Person {
        let identity = Identity::generate(rng).unwrap();
        let certificate = self.certify(&Party::new(address.clone(), identity.public()));
        Person { identity, address, certificate }
    }

    /// What a recipient makes of a message that it should believe.
    pub fn read(&self, us: &Person, message: &[u8]) -> VerifiedSender {
        us.open(message).unwrap().verify(&self.roots, NOW).unwrap()
    }
}

/// A device that is certified.
pub struct Person {
    pub identity: Identity,
    pub address: Address,
    pub certificate: SenderCertificate,
}

impl Person {
    pub fn party(&self) -> Party {
        Party::new(self.address.clone(), self.identity.public())
    }

    pub fn sender(&self) -> SealedSender<'_> {
        SealedSender::new(&self.identity, &self.certificate, NOW).unwrap()
    }

    /// A control message, sealed.
    pub fn say(&self, to: &Person, text: &[u8], rng: &mut TestRng) -> Vec<u8> {
        self.sender().seal(&to.party(), SealedContent::Control(text), rng).unwrap()
    }

    pub fn open(&self, message: &[u8]) -> Result<Opened, OpenError> {
        SealedMessage::decode(message).unwrap().open(&self.identity, &self.address)
    }
}
