//! Records, and the keys of a keyring: what a row costs, a rotation, and the first use after a start.

use std::hint::black_box;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use confidant::{
    DataContext, Keyring, LocalKek, Padding, Purpose, Secret, UnixTime, UnwrapWith, WrapWith,
    WrappedKey,
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha512};

use crate::common::TestRng;
use crate::film;
use crate::pair::Pairs;

const KEYS: usize = 10_000;
const ROOT_KEYS: usize = 1_000;
/// Length of a wrapped key that a keyring has wrapped, with its number and the rest of its entry.
const ENTRY: usize = 137 + 11;

pub fn measure(pairs: &mut Pairs) {
    let rng = &mut TestRng::new(1);
    records(pairs, &keyring(1, rng));
    rewrap(pairs, rng);
    open(pairs, &keyring(ROOT_KEYS, rng));
}

fn acme() -> DataContext {
    DataContext::new(Purpose::Keyring).tenant(b"acme").unwrap()
}

fn platform() -> LocalKek {
    LocalKek::new(b"device", Secret::init_with(|bytes| bytes.fill(9))).unwrap()
}

/// With so many root keys, of which the first encrypts.
fn keyring(count: usize, rng: &mut TestRng) -> Keyring {
    let now = UnixTime::from_secs(0);
    let mut keyring = Keyring::create(&acme(), WrapWith::Local(&platform()), now, rng).unwrap();
    for _ in 1..count {
        keyring.add(now, rng).unwrap();
    }
    keyring
}

fn records(pairs: &mut Pairs, keyring: &Keyring) {
    let email = DataContext::new(Purpose::Record).collection(b"customers").unwrap();
    let email = email.field(b"email").unwrap().object(b"4711").unwrap();
    let (data, rng) = ([7; 128], &mut TestRng::new(2));
    let record = keyring.seal_record(&email, &data, Padding::None, rng).unwrap();
    let info = 6 + email.as_bytes().len();
    pairs.pair(
        "record/seal-128",
        |bencher| {
            bencher.iter(|| {
                let data = black_box(&data);
                keyring.seal_record(&email, data, Padding::None, rng).unwrap()
            });
        },
        |bencher| bencher.iter(|| floor(info, black_box(&mut [7; 128]))),
    );
    pairs.pair(
        "record/open-128",
        |bencher| bencher.iter(|| keyring.open_record(&email, black_box(&record)).unwrap()),
        |bencher| bencher.iter(|| floor(info, black_box(&mut [7; 128]))),
    );
}

/// All of a tenant's file keys, after a rotation.
fn rewrap(pairs: &mut Pairs, rng: &mut TestRng) {
    let mut keyring = keyring(1, rng);
    let key = Secret::init_with(|bytes| bytes.fill(3));
    let wrap = |_| WrappedKey::new(&key, &film(), WrapWith::Keyring(&keyring), rng).unwrap();
    let wrapped: Vec<_> = (0..KEYS).map(wrap).collect();
    let rng = &mut TestRng::new(3);
    keyring.rotate(UnixTime::from_secs(1), WrapWith::Local(&platform()), rng).unwrap();
    let info = 33 + film().as_bytes().len();
    pairs.pair(
        "rewrap/10000-keys",
        |bencher| {
            bencher.iter(|| {
                for wrapped in &wrapped {
                    black_box(keyring.rewrap_key(wrapped, &film(), rng).unwrap());
                }
            });
        },
        |bencher| {
            bencher.iter(|| {
                for _ in 0..KEYS {
                    floor(info, black_box(&mut [3; 32])); // unwrapped
                    floor(info, black_box(&mut [3; 32])); // and wrapped
                }
            });
        },
    );
}

fn open(pairs: &mut Pairs, keyring: &Keyring) {
    let (stored, platform) = (keyring.encode(), platform());
    let info = 33 + acme().as_bytes().len() + 16;
    pairs.pair(
        "keyring/open-1000",
        |bencher| {
            bencher.iter(|| {
                let with = UnwrapWith::Local(&platform);
                Keyring::open(black_box(&stored), &acme(), with, 0).unwrap()
            });
        },
        |bencher| {
            let bytes = vec![5; ROOT_KEYS * ENTRY];
            bencher.iter(|| {
                let mac = Hmac::<Sha256>::new_from_slice(&expand()).unwrap();
                black_box(mac.chain_update(black_box(&bytes)).finalize());
                black_box(expand());
                for _ in 0..ROOT_KEYS {
                    message(info, black_box(&mut [3; 32]));
                }
            });
        },
    );
}

/// A derived key, and a message under it.
fn floor(info: usize, text: &mut [u8]) {
    black_box(expand());
    message(info, text);
}

/// One block of HKDF-SHA-256 from a key.
fn expand() -> [u8; 32] {
    let mut out = [0; 32];
    Hkdf::<Sha256>::from_prk(black_box(&[7; 32])).unwrap().expand(&[1; 40], &mut out).unwrap();
    out
}

/// Key, nonce and commitment, and one chunk of AES-256-GCM, which costs the same both ways.
fn message(info: usize, text: &mut [u8]) {
    let mut keys = [0; 76];
    let hkdf = Hkdf::<Sha512>::from_prk(black_box(&[7; 64])).unwrap();
    hkdf.expand(&[1; 256][..48 + 24 + info], &mut keys).unwrap();
    let (key, rest) = keys.split_first_chunk::<32>().unwrap();
    let nonce = Nonce::from(*rest.first_chunk::<12>().unwrap());
    let cipher = Aes256Gcm::new(key.into());
    black_box(cipher.encrypt_inout_detached(&nonce, &[], text.into()).unwrap());
}
