//! Every bound of the crate, with its reason. SPEC: R-121.
//!
//! What a peer, a server or a stored byte string can make this crate do or keep is bounded by a number on this page. Those
//! that depend on the application can be set, below hard maxima: [`Limits`] for a session, [`Rotation`](crate::Rotation) for a
//! group.

use core::ops::RangeInclusive;

/// Version byte of every wire format.
pub(crate) const WIRE_VERSION: u8 = 1;

/// Largest message, in bytes. Larger content is a file, which is encrypted on its own and travels as a pointer; the bound
/// keeps what a receiver must hold before it can verify anything to a known size.
pub const MAX_MESSAGE: usize = 1 << 24;

/// Largest application context, in bytes: room for names and versions, not for documents.
pub const MAX_APPLICATION: usize = 1024;

/// Message keys that one message may pass over, unless set otherwise. A forged message makes the receiver step the chain
/// this often before it is refused; `cargo bench` says what that costs in honest messages. A stranger's first message may
/// also leave as many keys to keep.
pub const DEFAULT_MAX_JUMP: u32 = 2_000;

/// Hard maximum for the same: what a peer that is offline for weeks needs.
pub const MAX_JUMP: u32 = 25_000;

/// Message keys kept for messages that have not arrived, in one session, unless set otherwise.
pub const DEFAULT_MAX_STORED: u32 = 2_000;

/// Hard maximum for the same: one largest jump.
pub const MAX_STORED: u32 = 25_000;

/// Receiving chains remembered besides the current one. A message can be late by this many turns of the conversation; what
/// a chain costs when it is remembered is 40 bytes.
pub const MAX_RETIRED_CHAINS: usize = 32;

/// Calls of `expire_skipped` that are remembered as the time at which kept keys were seen.
pub const MAX_MARKS: usize = 16;

/// Most one-time pre-keys of each kind, in a store or a publication: far above what a server needs between two refills.
pub const MAX_ONE_TIME_PREKEYS: usize = 10_000;

/// Replay tags kept for one signed pre-key: 256 KiB. Handshakes without a one-time pre-key are refused beyond that until
/// the signed pre-key is rotated, rather than accepted unchecked.
pub const MAX_REPLAY_TAGS: usize = 16_384;

/// One-time pre-keys below which `PreKeyStatus::refill` asks for more.
pub const REFILL_BELOW: usize = 20;

/// Seconds for which a pre-key is offered: 90 days, so that a device that was off for a season can still be written to.
pub const PREKEY_LIFETIME: u64 = 90 * 86_400;

/// Seconds after which a signed pre-key is due for rotation: 7 days. Its secret alone lets anyone impersonate others to its
/// owner; rotated when it is due, it lives for 14 days, and never rotated, until its expiry and grace.
pub const PREKEY_ROTATION: u64 = 7 * 86_400;

/// Seconds after its expiry for which a pre-key still answers messages that were already under way: 30 days.
pub const PREKEY_GRACE: u64 = 30 * 86_400;

/// Seconds by which a peer's clock may run ahead of ours: 1 day.
pub const CLOCK_SKEW: u64 = 86_400;

/// Longest output of the exporter, in bytes: 255 blocks of HKDF-SHA-256 (RFC 5869, section 2.3).
pub const MAX_EXPORT: usize = 255 * 32;

/// Devices in one group: each change hashes them all, each rotation writes to them all.
pub const MAX_MEMBERS: usize = 5_000;

/// Group messages of one sender that one message may pass over, and so the most that a key is used for. An outsider's forgery is
/// refused by its signature before that; a member's own message that does not open costs the steps each time.
pub const GROUP_MAX_JUMP: u32 = 2_000;

/// Message keys kept for late messages, of one sender key: a group has many of them.
pub const GROUP_MAX_STORED: u32 = 500;

/// Keys kept of one sender: the one in use, and those of late messages. SPEC: R-68.
pub const MAX_KEYS_PER_SENDER: usize = 5;

/// Epochs of a group from which messages and distributions are still accepted, the current one among them: 40 bytes each, for
/// messages that were long on their way while members came.
pub const MAX_KNOWN_EPOCHS: usize = 1_000;

/// Messages after which a sender key is due for rotation, unless set otherwise: whoever gets the key reads no more than
/// these.
pub const ROTATE_AFTER_MESSAGES: u32 = 1_000;

/// Seconds after which a sender key is due for rotation, unless set otherwise: 7 days.
pub const ROTATE_AFTER_SECONDS: u64 = 7 * 86_400;

/// Parties in one trust store: more than anybody knows, and a bound on what a snapshot can make us build.
pub const MAX_CONTACTS: usize = 100_000;

/// Recipients of one sealed message: the devices of a whole group.
pub const MAX_RECIPIENTS: usize = MAX_MEMBERS;

/// Content of a sealed message is padded to one of these lengths, in bytes: the powers of two from 1 KiB to 16 MiB. So a relay
/// sees one of fifteen lengths, and no content is more than doubled, but the shortest ones, which become 1 KiB. SPEC: R-84.
pub const SEALED_CONTENT: [usize; 15] = {
    let mut lengths = [1 << 10; 15];
    let mut longer: &mut [usize] = &mut lengths;
    let mut length = 1 << 10;
    while let [first, rest @ ..] = longer {
        *first = length;
        length <<= 1;
        longer = rest;
    }
    lengths
};

/// Provider and user of an address in a certificate: at most this many bytes together, so that all certificates are of one
/// length.
pub const MAX_CERTIFIED_NAMES: usize = 119;

/// Devices of one user: each message is encrypted for all of them.
pub const MAX_DEVICES: usize = 100;

/// Older sessions kept with one device, for what is still under way: with the active one, 8 candidates for a message that arrives.
/// SPEC: R-47.
pub const MAX_OLDER_SESSIONS: usize = 7;

/// Seconds for which a session that another has followed is still read, unless set otherwise: 2 days. Whoever has copied its keys can write to us
/// for as long; what was sent before the new handshake, and arrives after it, is seldom later. SPEC: R-48.
pub const OLDER_LIFETIME: u64 = 2 * 86_400;

/// Hard maximum for the same: 30 days, as long as pre-keys answer what was under way.
pub const MAX_OLDER_LIFETIME: u64 = PREKEY_GRACE;

/// Seconds after which a session that we have begun, and to which no reply has come, is not written with any more: 14 days, for as long as
/// a signed pre-key lives that is rotated when it is due.
pub const UNANSWERED_LIFETIME: u64 = 14 * 86_400;

/// Seconds for which a device that is not in its user's list any more is still read: 30 days, as long as pre-keys answer what was under way.
pub const STALE_LIFETIME: u64 = PREKEY_GRACE;

/// Seconds for which records keep message keys for late messages: 30 days, likewise.
pub const KEPT_LIFETIME: u64 = PREKEY_GRACE;

/// Sessions that a peer has put aside, remembered by a record, and named by one opening: far more than it has at a time, so that first messages that were held back
/// stay without effect for as many sessions. SPEC: R-48.
pub const MAX_PUT_ASIDE: usize = 32;

/// Seconds between two requests to one device to send again what did not open: half an hour, however much junk comes in its name.
pub const RETRY_INTERVAL: u64 = 1_800;

/// Requests after which, when nothing has answered them for [`HANDSHAKE_AFTER`], a new handshake is due.
pub const UNANSWERED_REQUESTS: u8 = 3;

/// Seconds after the first unanswered request before which no handshake is due, and after the beginning of a session before which a request that comes in another is none
/// either: 1 hour.
pub const HANDSHAKE_AFTER: u64 = 3_600;

/// Longest context of data at rest, encoded, in bytes: names and ids, not documents.
pub const MAX_DATA_CONTEXT: usize = 1024;

/// Most data in one record, in bytes: a record is encrypted in memory, as a whole. More is a file.
pub const MAX_RECORD: usize = 1 << 24;

/// Most data in one file, in bytes: half of what Cobblestone-256 can have, so that there is room for padding.
pub const MAX_FILE: u64 = 1 << 51;

/// Data in each chunk of a file but the last, in bytes: what a damaged chunk's number is multiplied by to know where.
pub const FILE_CHUNK: usize = 16_384;

/// Longest header of a file in the attached form, in bytes: the largest multiple of 64 that its length field can say. Room for
/// all of [`MAX_FILE_RECIPIENTS`], unless another service's wrapped keys are long.
pub const MAX_FILE_HEADER: usize = 65_472;

/// Keys wrapped in one file's header: what its count can say. For more, wrap the file's key by a key that they share.
pub const MAX_FILE_RECIPIENTS: usize = 255;

/// Derivatives that an attachment's pointer can name.
pub const MAX_DERIVATIVES: usize = 16;

/// Longest reference of what a key is wrapped with, in bytes: a hash, or a short name. Names of keys in other services can be longer;
/// then their hash is the reference.
pub const MAX_KEK_REF: usize = 64;

/// Longest answer of a service that wraps a key, in bytes: what services give is a few hundred, and a hybrid post-quantum one two
/// thousand.
pub const MAX_KEK_BLOB: usize = 8 << 10;

/// Root keys that a keyring has ever had, destroyed ones among them: a new one every day for eleven years.
pub const MAX_ROOT_KEYS: usize = 4_096;

/// Most data in one archive, in bytes: half of what Cobblestone-256 can have.
pub const MAX_ARCHIVE: u64 = 1 << 51;

/// Keys wrapped in one archive's header: the unused codes of a recovery set, and as many others.
pub const MAX_ARCHIVE_RECIPIENTS: usize = 64;

/// Longest id of a room, in bytes.
pub const MAX_ROOM_ID: usize = 255;

/// Messages of one room in the compatible form, with random nonces of 96 bits: SP 800-38D, section 8.3. SPEC: R-102.
pub const MAX_COMPATIBLE_MESSAGES: u64 = 1 << 32;

/// Changes by which a call's key that somebody sends may be ahead of ours. SPEC: R-121.
pub const MAX_CALL_JUMP: u64 = 1 << 16;

/// Highest epoch of a call's key that is read: too far for anybody to get there in steps of [`MAX_CALL_JUMP`], and far from the end.
pub const MAX_CALL_EPOCH: u64 = 1 << 48;

/// Digits of a one-time password.
pub const TOTP_DIGITS: RangeInclusive<u8> = 6..=8;

/// Longest media type in an attachment's pointer, in bytes.
pub const MAX_MEDIA_TYPE: usize = 255;

/// Length of the secret of one-time passwords, in bytes: from what services give out in fact to the longest block that HMAC takes as it
/// is.
pub const TOTP_SECRET: RangeInclusive<usize> = 10..=128;

/// Codes of one recovery set: five bits of a code are its number.
pub const MAX_RECOVERY_CODES: usize = 32;

/// Longest passphrase, in bytes.
pub const MAX_PASSPHRASE: usize = 1024;

/// Memory of Argon2id, in KiB: 8 MiB to 2 GiB. Less is not worth the name (RFC 9106 names 64 MiB for small machines); more than the largest
/// stands in nothing that was meant to be opened.
pub const ARGON2_MEMORY_KIB: RangeInclusive<u32> = 8 << 10..=2 << 20;

/// Passes of Argon2id: with the largest memory, 64 take minutes.
pub const ARGON2_PASSES: RangeInclusive<u32> = 1..=64;

/// Lanes of Argon2id.
pub const ARGON2_LANES: RangeInclusive<u8> = 1..=16;

/// How far a session's receiver goes for messages that are missing.
///
/// Persisted with the session. Both sides may choose differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    max_jump: u32,
    max_stored: u32,
}

impl Limits {
    /// `max_jump`: message keys that one message may pass over, at most [`MAX_JUMP`]. `max_stored`: message keys kept for
    /// late messages, at most [`MAX_STORED`]; when more are passed over, the oldest are forgotten.
    ///
    /// # Errors
    /// [`LimitTooHigh`] above a hard maximum.
    pub const fn new(max_jump: u32, max_stored: u32) -> Result<Self, LimitTooHigh> {
        if max_jump > MAX_JUMP || max_stored > MAX_STORED {
            return Err(LimitTooHigh);
        }
        Ok(Self { max_jump, max_stored })
    }

    /// Message keys that one message may pass over.
    #[must_use]
    pub const fn max_jump(self) -> u32 {
        self.max_jump
    }

    /// Message keys kept for late messages.
    #[must_use]
    pub const fn max_stored(self) -> u32 {
        self.max_stored
    }
}

impl Default for Limits {
    /// [`DEFAULT_MAX_JUMP`] and [`DEFAULT_MAX_STORED`].
    fn default() -> Self {
        Self { max_jump: DEFAULT_MAX_JUMP, max_stored: DEFAULT_MAX_STORED }
    }
}

/// A limit was set above its hard maximum. Choose a lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitTooHigh;
