//! Safety numbers: what two people compare to be sure of each other's identities.
//!
//! ```text
//! key       = 0x01 ‖ identity hash(32)         id = 0x01 ‖ lp8(provider) ‖ 0x02 ‖ lp8(user)
//! h₀        = SHA-512(0x0000 ‖ key ‖ id ‖ key)           hᵢ = SHA-512(hᵢ₋₁ ‖ key), 5,200 hashes in all
//! 30 digits = six times a 5-byte number of the first 30 bytes of the last hash, modulo 100,000
//! number    = both parties' 30 digits, the smaller first
//! ```
//!
//! The numeric core is Signal's (*Numeric fingerprint*, version 0 of its scheme), and its published answers hold for it
//! (`tests/internal/fingerprint.rs`). What it is over is this crate's: the hash of the whole identity pair, and the user's
//! provider and name, tagged, with lengths. SPEC: R-90, R-93, R-139.
//!
//! Knows nothing of sessions. Remembering who was compared is `trust`'s.

pub(crate) mod code;
pub(crate) mod trust;
mod trust_snapshot;

use core::fmt;

use crate::keys::party::Party;
use crate::primitives::hash;
use crate::secret::equal;

/// What follows is hashed as the scheme's version 0.
const VERSION: [u8; 2] = [0, 0];
/// What kind of key follows: the hash of an Ed25519 and an X25519 key.
const KEY_TYPE: u8 = 1;
const ITERATIONS: u32 = 5_200;
/// Digits of one side.
const SIDE_DIGITS: usize = 30;

/// The safety number of two parties: 60 digits, the same on both sides.
///
/// Show it (`Display` gives twelve groups of five), or [`code`](Self::code) as a QR code, and let the users compare over a channel
/// where they know each other: side by side, or by voice. It is over the users' names and identities and not over devices: it
/// holds for every device of the user that has this identity. Making one takes 10,400 hashes.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use confidant::*;
/// let rng = &mut getrandom::SysRng;
/// let party = |user, identity: &Identity| {
///     let here = Provider::new("example.org")?;
///     let address = Address::new(here, UserId::new(user)?, DeviceId::new(1));
///     Ok::<_, AddressError>(Party::new(address, identity.public()))
/// };
/// let (alice, bob) = (Identity::generate(rng)?, Identity::generate(rng)?);
/// let alice_sees = SafetyNumber::new(&party("alice", &alice)?, &party("bob", &bob)?);
/// let bob_sees = SafetyNumber::new(&party("bob", &bob)?, &party("alice", &alice)?);
/// assert_eq!(alice_sees.to_string(), bob_sees.to_string());
///
/// // Alice scans Bob's screen, and remembers.
/// let verified = alice_sees.compare_code(&bob_sees.code())?;
/// let mut trust = TrustStore::new();
/// trust.verify(&verified)?;
/// assert_eq!(trust.status(verified.party()), Trust::Verified);
/// # Ok(()) }
/// ```
// SPEC: R-91: whole numbers and codes are compared, never parts.
#[derive(Clone, Debug)]
pub struct SafetyNumber {
    theirs: Party,
    our_side: [u8; code::SIDE_LEN],
    their_side: [u8; code::SIDE_LEN],
    digits: [u8; 2 * SIDE_DIGITS],
}

impl SafetyNumber {
    /// Of us and them. Take their identity from where it will be used: a session's [`Peer`](crate::Peer), a verified bundle.
    #[must_use]
    pub fn new(us: &Party, them: &Party) -> Self {
        let (ours, theirs) = (last_hash_of(us), last_hash_of(them));
        let (our_digits, their_digits) = (side_digits(&ours), side_digits(&theirs));
        let both = [our_digits.min(their_digits), our_digits.max(their_digits)];
        let mut digits = [0; 2 * SIDE_DIGITS];
        for (to, from) in digits.iter_mut().zip(both.as_flattened()) {
            *to = *from;
        }
        Self {
            theirs: them.clone(),
            our_side: code::side(&ours),
            their_side: code::side(&theirs),
            digits,
        }
    }

    /// Compares with a number that was typed in: the 60 digits, with or without spaces.
    ///
    /// # Errors
    /// [`CompareError::NotANumber`] unless there are exactly 60 digits, [`CompareError::Different`] if one differs.
    pub fn compare(&self, typed: &str) -> Result<Verified, CompareError> {
        let mut digits = [0; 2 * SIDE_DIGITS];
        let mut places = digits.iter_mut();
        for byte in typed.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
            let place = places.next().filter(|_| byte.is_ascii_digit());
            *place.ok_or(CompareError::NotANumber)? = byte;
        }
        if places.next().is_some() {
            return Err(CompareError::NotANumber);
        }
        self.verified_if(equal(&digits, &self.digits))
    }

    /// The user has said that the number which the other device shows is this one. Call it for nothing less than that.
    pub fn confirmed_by_user(&self) -> Verified {
        Verified(self.theirs.clone())
    }

    fn verified_if(&self, same: bool) -> Result<Verified, CompareError> {
        if same { Ok(Verified(self.theirs.clone())) } else { Err(CompareError::Different) }
    }
}

impl fmt::Display for SafetyNumber {
    /// Twelve groups of five digits, with spaces between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, digit) in self.digits.iter().enumerate() {
            let space = if place > 0 && place.is_multiple_of(5) { " " } else { "" };
            write!(f, "{space}{}", char::from(*digit))?;
        }
        Ok(())
    }
}

/// Proof that a safety number was compared and is the same: whose identity it confirms. Give it to
/// [`TrustStore::verify`](crate::TrustStore::verify).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a comparison that is not remembered was for nothing"]
pub struct Verified(Party);

impl Verified {
    /// Who is who they are said to be. Of the address, provider and user were compared.
    #[must_use]
    pub const fn party(&self) -> &Party {
        &self.0
    }
}

fn last_hash_of(party: &Party) -> [u8; 64] {
    let mut key = [KEY_TYPE; 33];
    for (to, from) in key.iter_mut().skip(1).zip(party.identity.hash()) {
        *to = from;
    }
    last_hash(&key, &party.address.encode_user())
}

/// The last hash of one side, as the scheme says.
pub(crate) fn last_hash(key: &[u8; 33], id: &[u8]) -> [u8; 64] {
    hash::iterated_sha512(&[&VERSION, key, id, key], key, ITERATIONS)
}

/// The 30 digits of one side, in ASCII.
pub(crate) fn side_digits(hash: &[u8; 64]) -> [u8; SIDE_DIGITS] {
    let (groups, _) = hash.as_chunks::<5>();
    let mut out = [b'0'; SIDE_DIGITS];
    for (five, [a, b, c, d, e]) in out.chunks_mut(5).zip(groups) {
        let mut number = u64::from_be_bytes([0, 0, 0, *a, *b, *c, *d, *e]) % 100_000;
        for digit in five.iter_mut().rev() {
            *digit = b'0'.saturating_add(u8::try_from(number % 10).unwrap_or(0));
            number /= 10;
        }
    }
    out
}

/// Why a comparison did not verify. Do not mark anybody as verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompareError {
    /// What was typed is not 60 digits. Let the user type it again.
    NotANumber,
    /// What was scanned is not such a code, or is one of a newer version. Scan again, or compare digits.
    Malformed(crate::wire::codec::DecodeError),
    /// The numbers differ: one of the two devices talks to somebody else than its user believes; or the code was of another
    /// conversation, or our own screen's. Let the user look again, then warn.
    Different,
}
