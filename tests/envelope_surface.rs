//! What encryption at rest shows: errors that carry nothing, types that go between threads, lengths of which there are few, and bounds on
//! what stored bytes can ask for.

mod common;
mod counting;
mod probe;
mod vault;

use common::{NOW, TestRng};
use confidant::limits::{MAX_FILE, MAX_KEK_BLOB, MAX_RECORD};
use confidant::*;
use counting::counted;
use probe::implements;
use proptest::prelude::*;
use vault::{Kms, acme, email, keyring, local, secret};

/// What `work` allocated. Growing a block counts as a new one.
fn allocated<T>(work: impl FnOnce() -> T) -> usize {
    counted(work).1.bytes
}

/// Everything that reads stored bytes, with the most bytes that it may allocate for so many: each copies what it keeps.
fn read_all(bytes: &[u8], (keyring, kms): (&Keyring, &Kms), what: &str) {
    let most = 3 * bytes.len() + 4_096;
    let kek = local(1);
    kms.asked.borrow_mut().clear();
    let opened = |with: UnwrapWith<'_>| {
        allocated(|| WrappedKey::decode(bytes).map(|key| key.open(&email(), with)))
    };
    let costs = [
        allocated(|| DataContext::decode(bytes)),
        opened(UnwrapWith::Local(&kek)),
        opened(UnwrapWith::Service(kms)),
        allocated(|| Keyring::open(bytes, &acme(), UnwrapWith::Local(&kek), 0)),
        allocated(|| Keyring::wrapped_in(bytes)),
        allocated(|| keyring.open_record(&email(), bytes)),
        allocated(|| keyring.needs_rewrap(bytes)),
    ];
    assert!(costs.iter().all(|cost| *cost <= most), "{what}, {} bytes: {costs:?}", bytes.len());
}

/// whatever stands in the place of a length or count, at any offset, in whatever is stored: nothing is reserved for it.
#[test]
fn claimed_lengths_reserve_nothing() {
    let mut rng = TestRng::new(1);
    let mut ring = keyring(&mut rng);
    ring.add(NOW, &mut rng).unwrap();
    let kms = Kms { padding: 200, ..Kms::new(b"key/1") };
    let by_service = WrappedKey::new(&secret(7), &email(), WrapWith::Service(&kms), &mut rng);
    let by_keyring = WrappedKey::new(&secret(7), &email(), WrapWith::Keyring(&ring), &mut rng);
    let stored = [
        ("context", email().as_bytes().to_vec()),
        ("record", ring.seal_record(&email(), b"data", Padding::Padme, &mut rng).unwrap()),
        ("keyring", ring.encode()),
        ("wrapped key", by_keyring.unwrap().as_bytes().to_vec()),
        ("by a service", by_service.unwrap().as_bytes().to_vec()),
    ];
    for (what, bytes) in stored {
        read_all(&bytes, (&ring, &kms), what);
        for at in 0..bytes.len() {
            for width in [1, 2, 4] {
                let mut claimed = bytes.clone();
                claimed.iter_mut().skip(at).take(width).for_each(|byte| *byte = 0xff);
                read_all(&claimed, (&ring, &kms), what);
                read_all(&claimed[..at + width.min(bytes.len() - at)], (&ring, &kms), what);
            }
        }
    }
}

/// what a service has given stands behind a length of its own. One that is claimed is refused where it is too long, and nowhere
/// reserves anything.
#[test]
fn a_claimed_length_of_a_services_answer_reserves_nothing() {
    let mut rng = TestRng::new(4);
    let kms = Kms::new(b"key/1");
    let wrapped = WrappedKey::new(&secret(7), &email(), WrapWith::Service(&kms), &mut rng);
    let mut bytes = wrapped.unwrap().as_bytes().to_vec();
    let at = 13 + kms.name.len();
    assert_eq!(bytes[at..at + 2], 64_u16.to_be_bytes());
    for (claimed, expected) in [
        (63, DecodeError::TrailingBytes),
        (65, DecodeError::Truncated),
        (MAX_KEK_BLOB as u16, DecodeError::Truncated),
        (MAX_KEK_BLOB as u16 + 1, DecodeError::TooLong),
        (u16::MAX, DecodeError::TooLong),
    ] {
        bytes[at..at + 2].copy_from_slice(&claimed.to_be_bytes());
        let (refused, count) = counted(|| WrappedKey::decode(&bytes).map(drop));
        assert_eq!((refused, count.bytes), (Err(expected), 0), "{claimed}");
    }
}

/// a keyring of nothing but destroyed keys, as many as there can be, before and after it is authenticated.
#[test]
fn tombstones_cost_little() {
    let mut rng = TestRng::new(2);
    let mut ring = keyring(&mut rng);
    for _ in 1..confidant::limits::MAX_ROOT_KEYS {
        let id = ring.add(NOW, &mut rng).unwrap();
        ring.destroy(id).unwrap();
    }
    let (mut bytes, kek) = (ring.encode(), local(1));
    let open =
        |bytes: &[u8]| allocated(|| Keyring::open(bytes, &acme(), UnwrapWith::Local(&kek), 0));
    let (len, authentic) = (bytes.len(), open(&bytes));
    *bytes.last_mut().unwrap() ^= 1;
    let forged = open(&bytes);
    assert!(forged < 4_096, "{forged} bytes for {len}, which are not authentic");
    assert!(authentic < 64 * len, "{authentic} bytes for {len}");
}

/// Sealing and opening where the data is, with room for it, allocates nothing.
#[test]
fn in_place_allocates_nothing() {
    let mut rng = TestRng::new(3);
    let ring = keyring(&mut rng);
    let context = email();
    let mut data = Vec::with_capacity(Keyring::record_len(100_000, Padding::None));
    data.resize(100_000, 7);
    let sealing = allocated(|| {
        ring.seal_record_in_place(&context, &mut data, Padding::None, &mut rng).unwrap();
    });
    let opening = allocated(|| ring.open_record_in_place(&context, &mut data).unwrap());
    assert_eq!((sealing, opening, data.len()), (0, 0, 100_000));
}

/// How long a text of this length is with its padding: what a file's body has, without its head and tags, and the length behind the text.
fn padded(len: u64) -> u64 {
    let info = FileInfo::new(FileId::from_bytes([0; 16]), len, Padding::Padme).unwrap();
    let chunks = info.ciphertext_len() - 56;
    chunks - (chunks / 16_400 + 1) * 16 - 8
}

/// Padmé as it was published, in real numbers.
fn by_definition(len: u64) -> u64 {
    let exponent = (len as f64).log2().floor();
    let significand = exponent.log2().floor() + 1.0;
    let step = 2_f64.powf(exponent - significand);
    ((len as f64 / step).ceil() * step) as u64
}

/// Published lengths, and the definition; of records, with the byte that ends their data.
#[test]
fn padding_is_as_published() {
    let known = [(0, 0), (1, 1), (2, 2), (7, 7), (8, 8), (9, 10), (100, 104), (1_000, 1_024)];
    for (len, expected) in known {
        assert_eq!(padded(len), expected);
    }
    for len in 2..70_000 {
        assert_eq!(padded(len), by_definition(len), "{len}");
        let record = Keyring::record_len(len as usize - 1, Padding::Padme);
        assert_eq!(record, Keyring::record_len(padded(len) as usize, Padding::None), "{len}");
    }
    assert_eq!(padded(MAX_RECORD as u64 + 1), (1 << 24) + (1 << 19));
    assert_eq!(padded(MAX_FILE), MAX_FILE);
    let most = Keyring::record_len(usize::MAX, Padding::Padme);
    assert!(most > usize::MAX / 2, "at the machine's end it saturates");
}

proptest! {
    /// At most 12 % more, never less, monotone, and padded lengths stay as they are.
    #[test]
    fn padding_is_small_monotone_and_idempotent(len in 0..=1_u64 << 50, more in 0..1_u64 << 20) {
        let long = padded(len);
        prop_assert!(long >= len && (long - len) * 100 <= len * 12);
        prop_assert!(padded(len + more) >= long);
        prop_assert_eq!(padded(long), long);
    }
}

/// Keyrings live in servers. What holds a secret cannot be copied.
#[test]
fn secrets_go_between_threads_and_are_not_copied() {
    macro_rules! goes {
        ($($type:ty),+ $(,)?) => {
            [$((stringify!($type), implements!($type: Send + Sync + Unpin), implements!($type: Clone))),+]
        };
    }
    let secret = goes![
        ArchiveOpener,
        ArchiveSealer,
        AttachmentPointer,
        BlindIndex,
        CompatibleRoom,
        DatabaseKey,
        FileKey,
        FileOpener,
        FileRecipients,
        FileSealer,
        Keyring,
        KeyringCache,
        LocalKek,
        MediaKey,
        NewArchive,
        OpenedFileHeader,
        RangeOpener,
        RecipientKey,
        Recovered,
        RecoveryCode,
        RecoveryCodeKey,
        RecoverySet,
        RecoveryToken,
        RoomKey,
        SecretText,
        ShareCode,
        TotpSecret,
        Unauthenticated<Keyring>,
        Unauthenticated<Recovered>,
    ];
    for (name, goes, copied) in secret.into_iter().chain(of_passphrases()) {
        assert!(goes && !copied, "{name}");
    }
    for (name, goes, copied) in goes![
        ArchiveInfo,
        AttachmentPart,
        CompatibleMessage,
        DataContext,
        FileId,
        FileInfo,
        Padding,
        PasswordParameters,
        Recipient,
        RecoveryCodeRecipient,
        RecoveryCodeStatus,
        RecoveryProfile,
        RecoveryVerifier,
        RootKeyId,
        RootKeyStatus,
        WrappedKey,
    ] {
        assert!(goes && copied, "{name}");
    }
}

#[cfg(feature = "password")]
fn of_passphrases() -> Option<(&'static str, bool, bool)> {
    let goes = implements!(Passphrase: Send + Sync + Unpin);
    Some(("Passphrase", goes, implements!(Passphrase: Clone)))
}

#[cfg(not(feature = "password"))]
const fn of_passphrases() -> Option<(&'static str, bool, bool)> {
    None
}
