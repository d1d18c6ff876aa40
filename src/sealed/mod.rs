//! Sealed sender: the relay learns for whom a message is, and not from whom.
//!
//! ```text
//! e, K, salt = HKDF-Expand(M, Label::SealedKeys, 32 + 32 + 24)                    M: 32 bytes, hedged          E = e·G
//! shared     = Cobblestone-256(K, salt, Label::SealedContent ‖ E, certificate ‖ kind ‖ lp32(content) ‖ zeros)
//! C          = M ⊕ HKDF(0³², DH(e, R), Label::SealedMask ‖ E ‖ r)                           r, s: hashes of address and
//! tag        = HKDF(0³², DH(S, R), Label::SealedTag ‖ E ‖ C ‖ s ‖ r ‖ H(shared))            identity; R, S: their X25519 keys
//! ```
//!
//! One recipient or many, it is the same construction: each has its C and tag, and all have one shared part. The tag binds the
//! shared part, so that no recipient can give another something else in the sender's name. SPEC: R-82, R-83.
//!
//! What it does not give: forward secrecy (whoever gets a recipient's identity seed learns who sent what was recorded, and reads
//! control messages; messages inside are encrypted by their sessions), and proof of the sender to whoever holds the recipient's key (SPEC: R-85): what
//! authenticates is the session that the content belongs to. Knows nothing of sessions.

pub(crate) mod certificate;
pub(crate) mod content;
pub(crate) mod delivery;
pub(crate) mod open;
pub(crate) mod seal;

use crate::keys::party::Party;
use crate::label::Label;
use crate::primitives::agreement::{PublicKey, SecretKey};
use crate::primitives::hash;
use crate::primitives::kdf::{expand, hkdf};
use crate::secret::Transient;

/// What M gives.
struct Keys {
    ephemeral: SecretKey,
    content: Transient<32>,
    salt: [u8; 24],
}

impl Keys {
    fn derive(m: &[u8; 32]) -> Self {
        let info = [Label::SealedKeys.bytes()];
        let okm = expand::<88>(m, &info);
        let (ephemeral, rest) = okm.split::<32, 56>();
        let (content, salt) = rest.split::<32, 24>();
        let ephemeral = SecretKey::new(ephemeral.store());
        Self { ephemeral, content, salt: *salt.expose() }
    }
}

/// What stands for a sender or recipient: the whole pair and the address.
fn name(party: &Party) -> [u8; 32] {
    party.hash(Label::SealedParty)
}

/// What is hidden under the mask, or the mask's other side: `bytes ⊕ mask`.
fn masked(
    bytes: &[u8; 32],
    shared: &Transient<32>,
    ephemeral: &PublicKey,
    recipient: &[u8; 32],
) -> Transient<32> {
    let info = [Label::SealedMask.bytes(), ephemeral.as_bytes(), recipient];
    let mut out = hkdf::<32>(&[0; 32], shared.expose(), &info);
    for (out, byte) in out.expose_mut().iter_mut().zip(bytes) {
        *out ^= byte;
    }
    out
}

/// What a tag covers besides the two parties' shared secret.
struct Tagged<'a> {
    ephemeral: &'a PublicKey,
    masked: &'a [u8; 32],
    sender: &'a [u8; 32],
    recipient: &'a [u8; 32],
    /// `H(shared)`.
    digest: &'a [u8; 32],
}

impl Tagged<'_> {
    fn tag(&self, shared: &Transient<32>) -> Transient<32> {
        let Self { ephemeral, masked, sender, recipient, digest } = self;
        let label = Label::SealedTag.bytes();
        let info = [label, ephemeral.as_bytes(), *masked, *sender, *recipient, *digest];
        hkdf(&[0; 32], shared.expose(), &info)
    }
}

/// `H(shared)`.
fn digest(shared: &[u8]) -> [u8; 32] {
    hash::sha256(Label::SealedDigest, &[&[1], shared])
}
