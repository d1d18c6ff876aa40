//! The handshake's transcript, hashed into every key that comes after. SPEC: R-03, R-10, R-37.
//!
//! ```text
//! terms = suite ‖ lp16(application) ‖ lp16(address_A) ‖ lp16(address_B)
//!         ‖ Id_A ‖ Id_B ‖ pre-key(SPK) ‖ opt(OPK) ‖ opt(KEMpk)
//! th    = SHA-256(Label::HandshakeTranscript ‖ terms ‖ opt-ct(CT) ‖ EK)
//! ```
//!
//! A is the initiator, whoever computes it.

use crate::keys::address::Address;
use crate::keys::identity::PublicIdentity;
use crate::keys::prekey::{PreKeyId, PreKeyKind};
use crate::keys::suite::Suite;
use crate::label::Label;
use crate::primitives::agreement::PublicKey;
use crate::primitives::hash::Hash;
use crate::primitives::kem::{self, KemPublic};

/// A pre-key as the transcript names it.
pub(crate) struct Named<'a, K> {
    pub(crate) kind: PreKeyKind,
    pub(crate) id: PreKeyId,
    pub(crate) public: &'a K,
}

impl<'a, K: AsRef<[u8]>> Named<'a, K> {
    pub(crate) fn new(kind: PreKeyKind, public: &'a K) -> Self {
        Self { kind, id: PreKeyId::of(kind, public.as_ref()), public }
    }
}

/// What both parties know before the initiator has drawn anything.
pub(crate) struct Terms<'a> {
    pub(crate) suite: Suite,
    pub(crate) application: &'a [u8],
    pub(crate) initiator: (&'a Address, &'a PublicIdentity),
    pub(crate) responder: (&'a Address, &'a PublicIdentity),
    pub(crate) signed: Named<'a, PublicKey>,
    pub(crate) one_time: Option<Named<'a, PublicKey>>,
    pub(crate) kem: Option<Named<'a, KemPublic>>,
}

impl Terms<'_> {
    /// What the initiator's randomness is hedged with: handshakes on other terms differ, whatever the generator does.
    /// SPEC: R-23.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut hash = Hash::new(Label::HedgeTerms);
        self.add_to(&mut hash);
        hash.finish()
    }

    /// `th`.
    pub(crate) fn transcript(
        &self,
        ciphertext: Option<&[u8; kem::CIPHERTEXT_LEN]>,
        ephemeral: &PublicKey,
    ) -> [u8; 32] {
        let mut hash = Hash::new(Label::HandshakeTranscript);
        self.add_to(&mut hash);
        match ciphertext {
            Some(ciphertext) => hash.add(&[1]).add(ciphertext),
            None => hash.add(&[0]),
        };
        hash.add(ephemeral.as_bytes());
        hash.finish()
    }

    fn add_to(&self, hash: &mut Hash) {
        let (address_a, id_a) = self.initiator;
        let (address_b, id_b) = self.responder;
        hash.add(&[self.suite.to_byte()])
            .add_lp16(self.application)
            .add_lp16(&address_a.encode())
            .add_lp16(&address_b.encode())
            .add(&id_a.to_bytes())
            .add(&id_b.to_bytes());
        add_key(hash, &self.signed);
        add_optional(hash, self.one_time.as_ref());
        add_optional(hash, self.kem.as_ref());
    }
}

/// `kind ‖ id ‖ public key`.
fn add_key<K: AsRef<[u8]>>(hash: &mut Hash, key: &Named<'_, K>) {
    hash.add(&[key.kind.to_byte()]).add(key.id.as_bytes()).add(key.public.as_ref());
}

/// `0x00`, or `0x01` and the key.
fn add_optional<K: AsRef<[u8]>>(hash: &mut Hash, key: Option<&Named<'_, K>>) {
    match key {
        Some(key) => add_key(hash.add(&[1]), key),
        None => {
            hash.add(&[0]);
        }
    }
}
