//! `RatchetEncrypt` (*The Double Ratchet Algorithm*, "Encrypting messages").
//!
//! ```text
//! CKs, MK = KDF_CK(CKs)      message = header ‖ Cobblestone-256(MK, salt, label ‖ header ‖ AD, plaintext)
//! ```
//!
//! Everything that can fail comes before anything that changes.

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::root::RootKey;
use super::{ActiveChain, Sending, State};
use crate::label::Label;
use crate::limits::MAX_MESSAGE;
use crate::primitives::aead::{self, SALT_LEN};
use crate::primitives::agreement::PublicKey;
use crate::secret::{RandomnessFailed, Transient, draw};
use crate::wire::message::{Carries, HEADER_LEN, Header};

impl State {
    /// Encrypts one message behind `prefix`, which is not part of it. Draws 32 bytes if the ratchet has to turn, then 24.
    /// Implements `RatchetEncrypt`. SPEC: R-38, R-41.
    pub(crate) fn encrypt<R: TryCryptoRng + ?Sized>(
        &mut self,
        prefix: &[u8],
        (carries, plaintext): (Carries, &[u8]),
        associated_data: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, EncryptError> {
        let len = aead::sealed_len(plaintext.len()).saturating_add(HEADER_LEN);
        if len > MAX_MESSAGE {
            return Err(EncryptError::TooLong);
        }
        let mut salt = [0; SALT_LEN];
        let (header, key) = self.step_sending(&mut salt, rng)?;
        let header = header.encode(carries);
        let context = [Label::RatchetMessage.bytes(), &header, associated_data];
        let mut out = Vec::with_capacity(prefix.len().saturating_add(len));
        out.extend_from_slice(prefix);
        out.extend_from_slice(&header);
        aead::seal_into(&mut out, key.expose(), &salt, context, plaintext);
        Ok(out)
    }

    /// Draws what is needed, then takes one step of the sending chain, the first of a new one if there is none.
    fn step_sending<R: TryCryptoRng + ?Sized>(
        &mut self,
        salt: &mut [u8; SALT_LEN],
        rng: &mut R,
    ) -> Result<(Header, Transient<32>), EncryptError> {
        match &mut self.sending {
            Sending::Active(active) if active.chain.is_exhausted() => {
                Err(EncryptError::ChainExhausted)
            }
            Sending::Active(active) => {
                draw(rng, salt)?;
                Ok(active.step())
            }
            Sending::Idle { last_len } => {
                let (root, mut active) = turn(&self.root, &self.remote, *last_len, rng)?;
                draw(rng, salt)?;
                let first = active.step();
                self.root = root;
                self.sending = Sending::Active(active);
                Ok(first)
            }
        }
    }
}

impl State {
    /// Most bytes that encrypting one message draws: for a ratchet key, and for the salt.
    pub(crate) const MOST_DRAWN: usize = 32 + SALT_LEN;

    /// Has the sending chain come to its end?
    pub(crate) const fn is_exhausted(&self) -> bool {
        matches!(&self.sending, Sending::Active(active) if active.chain.is_exhausted())
    }

    /// How many messages have gone out in the current sending chain, or in the last one if there is none.
    pub(crate) const fn sent(&self) -> u32 {
        match &self.sending {
            Sending::Idle { last_len } => *last_len,
            Sending::Active(active) => active.chain.number(),
        }
    }

    /// Have we a ratchet key that the peer has not answered?
    pub(crate) const fn is_sending(&self) -> bool {
        matches!(self.sending, Sending::Active(_))
    }
}

impl ActiveChain {
    fn step(&mut self) -> (Header, Transient<32>) {
        let header = Header {
            ratchet_key: *self.ratchet.public(),
            previous: self.previous,
            number: self.chain.number(),
        };
        (header, self.chain.step())
    }
}

/// Makes a ratchet key and turns the root with it.
fn turn<R: TryCryptoRng + ?Sized>(
    root: &RootKey,
    remote: &PublicKey,
    previous: u32,
    rng: &mut R,
) -> Result<(RootKey, ActiveChain), RandomnessFailed> {
    let ratchet = root.new_ratchet_key(rng)?;
    let (root, chain) = root.turn(&ratchet, remote);
    Ok((root, ActiveChain { ratchet, previous, chain }))
}

/// Why nothing was encrypted. The session has not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncryptError {
    /// The message would be longer than [`crate::limits::MAX_MESSAGE`]. Send a file, and a pointer
    /// to it.
    TooLong,
    /// The key for a group is for another member than this session's peer. Take the session with that member.
    WrongPeer,
    /// 4,294,967,295 messages were sent without a reply. Wait for one, or begin a new session.
    ChainExhausted,
    /// The random number generator failed. Try again when it works.
    Randomness,
}

impl From<RandomnessFailed> for EncryptError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}
