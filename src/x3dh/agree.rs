//! Key agreement, both roles (*The X3DH Key Agreement Protocol*, "Sending the initial message", "Receiving the initial
//! message"; *The PQXDH Key Agreement Protocol*, the same sections).
//!
//! ```text
//! PRK = HKDF-Extract(salt = 0^32, 0xFF^32 ‖ DH1 ‖ DH2 ‖ DH3 [‖ DH4] [‖ SS])
//! OKM = HKDF-Expand(PRK, label ‖ suite ‖ th, 192) = RK ‖ header keys ‖ PQ root ‖ exporter key ‖ replay tag
//! ```
//!
//! Every DH output, SS, the input of the extraction and PRK are wiped when these functions return, on every path.
//! SPEC: R-22.

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::bundle::VerifiedBundle;
use super::consume::Selected;
use super::context::{Context, Refusal};
use super::transcript::{Named, Terms};
use crate::keys::identity::{Identity, PublicIdentity};
use crate::keys::prekey::PreKeyKind;
use crate::keys::suite::Suite;
use crate::label::Label;
use crate::primitives::agreement::SecretKey;
use crate::primitives::kdf::{self, Prk};
use crate::primitives::kem;
use crate::secret::{RandomnessFailed, Secret, Transient};
use crate::wire::bundle::PreKeyBundle;
use crate::wire::prekey_message::{PreKeyMessage, Prefix};

/// What both parties have after the handshake.
pub(crate) struct HandshakeKeys {
    /// `th`.
    pub(crate) transcript: [u8; 32],
    /// The ratchet's first root key.
    pub(crate) root: Secret<32>,
    /// What the exporter expands.
    pub(crate) exporter: Secret<32>,
    /// What tells this handshake from every other one.
    pub(crate) replay_tag: [u8; 16],
}

/// Alice's part: the keys, and the prefix of her first messages.
///
/// Draws 32 bytes for EK and, in a hybrid suite, 32 for the encapsulation; nothing when it refuses. SPEC: R-06, R-23.
pub(crate) fn initiate<R: TryCryptoRng + ?Sized>(
    us: &Identity,
    bundle: &VerifiedBundle,
    context: &Context,
    rng: &mut R,
) -> Result<(HandshakeKeys, Vec<u8>), InitiateError> {
    let bundle = bundle.inner();
    let public = us.public();
    context.check(bundle.suite, &public, &bundle.identity)?;
    let terms = terms_of(bundle, &public, context);
    let hedge = terms.hash();
    let ephemeral = hedged(us, Label::HedgeEphemeral, &hedge, rng).map(SecretKey::new)?;
    let encapsulated = encapsulate(us, bundle, &hedge, rng)?;

    let theirs = &bundle.identity.agreement;
    let signed = &bundle.signed.public;
    let mut ikm = Ikm::new();
    ikm.push(&us.agreement().agree(signed)); // DH1 = DH(IK_A, SPK_B)
    ikm.push(&ephemeral.agree(theirs)); // DH2 = DH(EK_A, IK_B)
    ikm.push(&ephemeral.agree(signed)); // DH3 = DH(EK_A, SPK_B)
    if let Some(one_time) = &bundle.one_time {
        ikm.push(&ephemeral.agree(&one_time.public)); // DH4 = DH(EK_A, OPK_B)
    }
    if let Some((_, shared)) = &encapsulated {
        ikm.push(shared); // SS
    }

    let ciphertext = encapsulated.as_ref().map(|(ciphertext, _)| &**ciphertext);
    let prefix = Prefix {
        suite: bundle.suite,
        identity: public,
        ephemeral: *ephemeral.public(),
        signed: terms.signed.id,
        one_time: terms.one_time.as_ref().map(|key| key.id),
        kem: terms.kem.as_ref().map(|key| key.id).zip(ciphertext),
    };
    let transcript = terms.transcript(ciphertext, ephemeral.public());
    Ok((ikm.derive(bundle.suite, transcript), prefix.encode()))
}

/// The terms that a bundle offers us.
pub(crate) fn terms_of<'a>(
    bundle: &'a PreKeyBundle,
    public: &'a PublicIdentity,
    context: &'a Context,
) -> Terms<'a> {
    let one_time = bundle.one_time.as_ref();
    Terms {
        suite: bundle.suite,
        application: &context.terms.application,
        initiator: (&context.ours, public),
        responder: (&context.theirs, &bundle.identity),
        signed: Named::new(PreKeyKind::Signed, &bundle.signed.public),
        one_time: one_time.map(|key| Named::new(PreKeyKind::OneTime, &key.public)),
        kem: bundle.kem.as_ref().map(|(kind, key)| Named::new(*kind, &key.public)),
    }
}

/// Bob's part. Cannot fail: whether the keys are Alice's shows when her message opens.
pub(crate) fn respond(
    us: &Identity,
    prekeys: &Selected<'_>,
    request: &PreKeyMessage<'_>,
    context: &Context,
) -> HandshakeKeys {
    let public = us.public();
    let prefix = &request.prefix;
    let ephemeral = &prefix.ephemeral;
    let mut ikm = Ikm::new();
    ikm.push(&prekeys.signed.agree(&prefix.identity.agreement)); // DH1 = DH(SPK_B, IK_A)
    ikm.push(&us.agreement().agree(ephemeral)); // DH2 = DH(IK_B, EK_A)
    ikm.push(&prekeys.signed.agree(ephemeral)); // DH3 = DH(SPK_B, EK_A)
    if let Some(one_time) = prekeys.one_time {
        ikm.push(&one_time.agree(ephemeral)); // DH4 = DH(OPK_B, EK_A)
    }
    if let Some(((_, pair), (_, ciphertext))) = prekeys.kem.as_ref().zip(prefix.kem) {
        ikm.push(&pair.decapsulate(ciphertext)); // SS
    }
    let terms = Terms {
        suite: prefix.suite,
        application: &context.terms.application,
        initiator: (&context.theirs, &prefix.identity),
        responder: (&context.ours, &public),
        signed: Named::new(PreKeyKind::Signed, prekeys.signed.public()),
        one_time: prekeys.one_time.map(|key| Named::new(PreKeyKind::OneTime, key.public())),
        kem: prekeys.kem.as_ref().map(|(kind, pair)| Named::new(*kind, pair.public())),
    };
    let ciphertext = prefix.kem.map(|(_, ciphertext)| ciphertext);
    ikm.derive(prefix.suite, terms.transcript(ciphertext, ephemeral))
}

/// A secret for this handshake: good while the generator is, or while our identity is.
fn hedged<R: TryCryptoRng + ?Sized>(
    us: &Identity,
    label: Label,
    terms: &[u8; 32],
    rng: &mut R,
) -> Result<Secret<32>, RandomnessFailed> {
    kdf::hedged(us.hedge(), &[label.bytes(), terms], rng)
}

type Encapsulated = (alloc::boxed::Box<[u8; kem::CIPHERTEXT_LEN]>, Transient<32>);

/// (CT, SS) for the bundle's KEM pre-key, if it has one.
fn encapsulate<R: TryCryptoRng + ?Sized>(
    us: &Identity,
    bundle: &PreKeyBundle,
    terms: &[u8; 32],
    rng: &mut R,
) -> Result<Option<Encapsulated>, RandomnessFailed> {
    let Some((_, key)) = &bundle.kem else { return Ok(None) };
    let m = hedged(us, Label::HedgeEncapsulation, terms, rng)?;
    Ok(Some(key.public.encapsulate(&m)))
}

/// The input of the extraction: `0xFF^32`, then up to five shared secrets. Fixed in size, wiped when dropped.
struct Ikm {
    bytes: Transient<192>,
    len: usize,
}

impl Ikm {
    fn new() -> Self {
        // X3DH, "Cryptographic notation": F, 32 bytes 0xFF, keeps the KDF apart from signatures under the same key.
        let bytes = Transient::init_with(|bytes| bytes.iter_mut().take(32).for_each(|b| *b = 0xff));
        Self { bytes, len: 32 }
    }

    fn push(&mut self, shared: &Transient<32>) {
        let place = self.bytes.expose_mut().iter_mut().skip(self.len);
        for (to, from) in place.zip(shared.expose()) {
            *to = *from;
        }
        self.len = self.len.saturating_add(32);
    }

    /// `KDF`, with the transcript in its info.
    fn derive(self, suite: Suite, transcript: [u8; 32]) -> HandshakeKeys {
        let (ikm, _) = self.bytes.expose().split_at(self.len.min(192));
        let prk = Prk::extract(&[0; 32], ikm);
        let info = [Label::HandshakeKeys.bytes(), &[suite.to_byte()], &transcript];
        let okm = Transient::<192>::init_with(|okm| prk.expand(&info, okm));
        let (root, rest) = okm.split::<32, 160>();
        // Two header keys and the post-quantum root: reserved for later suites, wiped here.
        let (_reserved, rest) = rest.split::<96, 64>();
        let (exporter, tag) = rest.split::<32, 32>();
        let (tag, _) = tag.split::<16, 16>();
        HandshakeKeys {
            transcript,
            root: root.store(),
            exporter: exporter.store(),
            replay_tag: *tag.expose(),
        }
    }
}

/// Why no session was begun. Nothing has been drawn from the generator unless it is what failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitiateError {
    /// The bundle's suite is not one that the [`Policy`](crate::Policy) accepts. Do not lower the policy because a server
    /// offers nothing better: it may be the server's doing.
    SuiteRefused,
    /// The bundle has another identity than the pinned one. Tell the user; do not send until they have decided.
    IdentityChanged,
    /// The bundle has our own identity, or half of it, or the two addresses are the same. See
    /// [`Context::allow_own_identity`](crate::Context::allow_own_identity).
    OwnIdentity,
    /// The random number generator failed. Try again when it works.
    Randomness,
}

impl From<Refusal> for InitiateError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Suite => Self::SuiteRefused,
            Refusal::IdentityChanged => Self::IdentityChanged,
            Refusal::OwnIdentity => Self::OwnIdentity,
        }
    }
}

impl From<RandomnessFailed> for InitiateError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}
