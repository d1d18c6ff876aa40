//! What was secret at rest is wiped where it was. Shown for the heap: `residue` searches every freed block.

mod common;
#[allow(dead_code, reason = "conversations have secrets of their own")]
mod residue;
mod second;
mod vault;
mod village;

use std::sync::OnceLock;

use common::{NOW, TestRng};
use confidant::{
    Keyring, Padding, RecipientKey, RecordError, Secret, UnwrapWith, WrapWith, WrappedKey,
};
use residue::{learn, residues};
use vault::{Kms, acme, email, local};

/// A key of the device that is not all one byte.
fn kek(rng: &mut TestRng) -> Secret<32> {
    let key = Secret::random(rng).unwrap();
    learn("KEK", key.expose());
    key
}

fn local_kek(key: &Secret<32>) -> confidant::LocalKek {
    confidant::LocalKek::new(b"device", Secret::init_with(|bytes| *bytes = *key.expose())).unwrap()
}

/// Everything that a keyring holds or derives, by the second implementation.
fn learn_keyring(keyring: &Keyring, kek: &Secret<32>) {
    let stored = keyring.encode();
    let context = acme();
    let (ring, _, entries) = second::entries(&stored);
    let number = keyring.active().number();
    let whose = second::owned(context.as_bytes(), &ring);
    let active = second::active(&stored, context.as_bytes(), kek.expose());
    let reference = [&ring[..], &number.to_be_bytes()].concat();
    let wrap = second::expand(&active, "root-wrap", &[]);
    learn("root key", Vec::leak(active.to_vec()));
    learn("root wrap key", Vec::leak(wrap.to_vec()));
    for (name, label, rest) in [
        ("record key", "record", [&[1][..], b"customers"].concat()),
        ("file wrap key", "file-wrap", vec![]),
        ("MAC key", "keyring-mac", context.as_bytes().to_vec()),
        ("index key", "index", email().as_bytes().to_vec()),
    ] {
        learn(name, Vec::leak(second::expand::<32>(&active, label, &rest).to_vec()));
    }
    let database: [u8; 48] = second::expand(&active, "database", email().as_bytes());
    let digits: String = database.iter().map(|byte| format!("{byte:02x}")).collect();
    learn("database key", Vec::leak(database.to_vec()));
    learn("database key's text", Vec::leak(format!("x'{digits}'").into_bytes()));
    for (i, entry) in entries.iter().enumerate() {
        if i != number as usize && !entry.2.is_empty() {
            let root = second::root(entry, &reference, &whose, &wrap);
            learn("another root key", Vec::leak(root.to_vec()));
        }
    }
}

/// The learning's own copies are leaked, so this is done in the first run alone.
fn learn_in_first_run(keyring: &Keyring, kek: &Secret<32>) {
    if residue::is_learning() {
        learn_keyring(keyring, kek);
    }
}

fn text(len: usize) -> &'static [u8] {
    let mut rng = TestRng::new(len as u64);
    let text = Vec::leak((0..len).map(|_| rng.below(256) as u8).collect());
    learn("plaintext", text);
    text
}

/// A keyring made, stored, opened, rotated, used for everything, destroyed and dropped.
#[test]
fn keyrings_are_wiped() {
    let scenario = || {
        let mut rng = TestRng::new(1);
        let key = kek(&mut rng);
        let with = local_kek(&key);
        let mut ring = Keyring::create(&acme(), WrapWith::Local(&with), NOW, &mut rng).unwrap();
        learn_in_first_run(&ring, &key);
        let next = ring.add(NOW, &mut rng).unwrap();
        learn_in_first_run(&ring, &key);
        ring.activate(next, WrapWith::Local(&with), &mut rng).unwrap();
        learn_in_first_run(&ring, &key);
        let mut ring = Keyring::open(&ring.encode(), &acme(), UnwrapWith::Local(&with), 0).unwrap();
        drop(ring.database_key(next, &email()).unwrap().sqlcipher());
        let _ = ring.blind_index(next, &email()).unwrap().of(b"value");
        let file = WrappedKey::new(&key, &email(), WrapWith::Keyring(&ring), &mut rng).unwrap();
        drop(file.open(&email(), UnwrapWith::Keyring(&ring)).unwrap());
        ring.destroy(confidant::RootKeyId::from_number(0)).unwrap();
        ring.rotate(NOW, WrapWith::Local(&with), &mut rng).unwrap();
        learn_in_first_run(&ring, &key);
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// Keyrings that fail: the KEK is wrong, the service refuses, the generator gives up, the epoch is old.
#[test]
fn keyrings_that_fail_are_wiped() {
    let scenario = || {
        let mut rng = TestRng::new(2);
        let key = kek(&mut rng);
        let with = local_kek(&key);
        let mut ring = Keyring::create(&acme(), WrapWith::Local(&with), NOW, &mut rng).unwrap();
        let next = ring.add(NOW, &mut rng).unwrap();
        learn_in_first_run(&ring, &key);
        let stored = ring.encode();
        assert!(Keyring::open(&stored, &acme(), UnwrapWith::Local(&with), 9).is_err());
        assert!(Keyring::open(&stored, &acme(), UnwrapWith::Local(&local(9)), 0).is_err());
        let mut forged = stored;
        *forged.last_mut().unwrap() ^= 1;
        assert!(Keyring::open(&forged, &acme(), UnwrapWith::Local(&with), 0).is_err());
        let kms = Kms::new(b"key/1");
        kms.fails.set(Some(confidant::KekError::Denied));
        assert!(ring.activate(next, WrapWith::Service(&kms), &mut rng).is_err());
        rng.fail_at = Some(rng.draws + 1);
        assert!(ring.add(NOW, &mut rng).is_err());
        // What a rotation draws first is the root key that is given up.
        let given_up = Secret::<32>::random(&mut TestRng::new(5)).unwrap();
        learn("root key that was given up", given_up.expose());
        assert!(ring.rotate(NOW, WrapWith::Service(&kms), &mut TestRng::new(5)).is_err());
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// Keyrings under a public key: what is claimed is wiped too, accepted or not.
#[test]
fn claimed_keyrings_are_wiped() {
    let scenario = || {
        let mut rng = TestRng::new(6);
        let pair = RecipientKey::generate(&mut rng).unwrap();
        learn("recipient's key", pair.secret().expose());
        let (public, with) = (pair.public(), UnwrapWith::Recipient(&pair));
        let mut ring =
            Keyring::create(&acme(), WrapWith::Recipient(&public), NOW, &mut rng).unwrap();
        let stored = ring.encode();
        let key = kek(&mut rng);
        ring.change_kek(WrapWith::Local(&local_kek(&key)), &mut rng).unwrap();
        learn_in_first_run(&ring, &key);
        drop(Keyring::open_claimed(&stored, &acme(), with, 0).unwrap());
        drop(Keyring::open_claimed(&stored, &acme(), with, 0).unwrap().accept());
        assert!(Keyring::open_claimed(&stored, &acme(), with, 1).is_err());
        assert!(Keyring::open(&stored, &acme(), with, 0).is_err());
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// Records: sealed and opened in each form, moved for want of room, rebound, and not opened because of the last chunk.
#[test]
fn records_are_wiped() {
    let badly = OnceLock::new();
    let scenario = || {
        let mut rng = TestRng::new(3);
        let key = kek(&mut rng);
        let with = local_kek(&key);
        let ring = Keyring::create(&acme(), WrapWith::Local(&with), NOW, &mut rng).unwrap();
        learn_in_first_run(&ring, &key);
        for padding in [Padding::None, Padding::Padme] {
            let text = text(40_000);
            let record = ring.seal_record(&email(), text, padding, &mut rng).unwrap();
            drop(ring.open_record(&email(), &record).unwrap());
            drop(ring.rebind(&record, &email(), &acme(), &mut rng).unwrap());
            let mut moves = text.to_vec();
            moves.shrink_to_fit();
            ring.seal_record_in_place(&email(), &mut moves, padding, &mut rng).unwrap();
            let mut damaged = record;
            *damaged.last_mut().unwrap() ^= 1;
            assert_eq!(ring.open_record(&email(), &damaged), Err(RecordError));
            assert_eq!(ring.open_record_in_place(&email(), &mut damaged), Err(RecordError));
        }
        // Authentic, and not padded as we pad: found out when it is plaintext already. Made in the first run.
        let mut padded = badly.get_or_init(|| badly_padded(&ring, &key)).clone();
        assert_eq!(ring.open_record_in_place(&email(), &mut padded), Err(RecordError));
    };
    assert_eq!(residues(scenario), [""; 0]);
}

fn badly_padded(ring: &Keyring, kek: &Secret<32>) -> Vec<u8> {
    let root = second::active(&ring.encode(), acme().as_bytes(), kek.expose());
    second::record((0, &root), 0x80, email().as_bytes(), text(1_000))
}

/// Passphrases, what they are stretched to, and the memory in which that happens.
#[cfg(feature = "password")]
#[test]
fn passphrases_are_wiped() {
    use confidant::{Passphrase, PasswordParameters};
    let scenario = || {
        let mut rng = TestRng::new(4);
        let key = kek(&mut rng);
        let mut typed = Vec::with_capacity(200);
        typed.extend(text(100));
        let with = Passphrase::new(typed).unwrap();
        assert!(Passphrase::new(text(2_000).to_vec()).is_err());
        let parameters = PasswordParameters::new(8 << 10, 1, 1).unwrap();
        let with = WrapWith::Passphrase(&with, parameters);
        let wrapped = WrappedKey::new(&key, &email(), with, &mut rng).unwrap();
        if residue::is_learning() {
            learn_stretching(&wrapped.as_bytes()[23..39]);
        }
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// What Argon2id makes of `text(100)`, and the first and last block of its memory, which give the rest.
#[cfg(feature = "password")]
fn learn_stretching(salt: &[u8]) {
    use argon2::{Algorithm, Argon2, Block, Params, Version};
    let params = Params::new(8 << 10, 1, 1, Some(32)).unwrap();
    let memory = Vec::leak(vec![Block::new(); params.block_count()]);
    let out = Vec::leak(vec![0; 32]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into_with_memory(text(100), salt, out, &mut memory[..]).unwrap();
    learn("stretched passphrase", out);
    for block in [&memory[0], memory.last().unwrap()] {
        let words: &[u64] = block.as_ref();
        words.iter().for_each(|word| learn("memory of Argon2id", &word.to_ne_bytes()));
    }
}
