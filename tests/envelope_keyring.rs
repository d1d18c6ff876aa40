//! Keyrings: states, rotation in two phases, epochs, what is stored, and what may not be changed in it.

mod common;
mod probe;
mod second;
mod vault;

use common::{NOW, TestRng};
use confidant::limits::{MAX_KEK_BLOB, MAX_ROOT_KEYS};
use confidant::{
    DataContext, DecodeError, KekError, KekType, Keyring, KeyringError, OpenKeyringError, Padding,
    Purpose, RecipientKey, RecordError, RootKeyId, RootKeyState, RootKeyStatus, Secret, UnixTime,
    UnwrapError, UnwrapWith, WrapError, WrapWith, WrappedKey,
};
use probe::implements;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use vault::{Kms, acme, email, flips, keyring, local, reopen, secret, wait};

const fn id(number: u32) -> RootKeyId {
    RootKeyId::from_number(number)
}

/// A generation, and the changes since it began.
const fn epoch(generation: u64, changes: u64) -> u64 {
    generation << 32 | changes
}

fn open(bytes: &[u8], min_epoch: u64) -> Result<Keyring, OpenKeyringError> {
    Keyring::open(bytes, &acme(), UnwrapWith::Local(&local(1)), min_epoch)
}

fn activate(keyring: &mut Keyring, id: RootKeyId, rng: &mut TestRng) -> Result<(), KeyringError> {
    keyring.activate(id, WrapWith::Local(&local(1)), rng)
}

/// A new root key, active.
fn rotate(keyring: &mut Keyring, rng: &mut TestRng) -> RootKeyId {
    keyring.rotate(NOW, WrapWith::Local(&local(1)), rng).unwrap()
}

fn states(keyring: &Keyring) -> Vec<RootKeyState> {
    keyring.keys().map(|key| key.state).collect()
}

/// A keyring with a root key in each state: 0 destroyed, 1 decrypt-only, 2 active, 3 pending.
fn one_of_each(rng: &mut TestRng) -> Keyring {
    let mut keyring = keyring(rng);
    rotate(&mut keyring, rng);
    rotate(&mut keyring, rng);
    keyring.add(UnixTime::from_secs(5), rng).unwrap();
    keyring.destroy(id(0)).unwrap();
    keyring
}

const EACH: [RootKeyState; 4] = [
    RootKeyState::Destroyed,
    RootKeyState::DecryptOnly,
    RootKeyState::Active,
    RootKeyState::Pending,
];

/// Its epoch: rotated twice, and then a root key was added and another one destroyed.
const EPOCH_OF_EACH: u64 = epoch(2, 2);

/// What is stored comes back, in every state, with the same bytes; nothing else about it changes.
#[test]
fn a_keyring_is_stored_and_opened() {
    let mut rng = TestRng::new(1);
    let keyring = one_of_each(&mut rng);
    let stored = keyring.encode();
    let again = open(&stored, keyring.epoch()).unwrap();
    assert_eq!(again.encode(), stored);
    assert_eq!((again.id(), again.epoch(), again.active()), (keyring.id(), EPOCH_OF_EACH, id(2)));
    assert_eq!(states(&again), EACH);
    assert_eq!(again.keys().collect::<Vec<_>>(), keyring.keys().collect::<Vec<_>>());
    let pending = again.keys().last().map(|key| (key.id, key.state, key.created));
    assert_eq!(pending, Some((id(3), RootKeyState::Pending, UnixTime::from_secs(5))));
    let context = email();
    let record = keyring.seal_record(&context, b"data", Padding::None, &mut rng).unwrap();
    assert_eq!(again.open_record(&context, &record).unwrap().as_bytes(), b"data");
}

/// the bytes of this version, for ever: a keyring and a record, from a generator that repeats.
#[test]
fn the_bytes_are_frozen() {
    let mut rng = TestRng::new(2);
    let keyring = one_of_each(&mut rng);
    let record = keyring.seal_record(&email(), b"data", Padding::Padme, &mut rng).unwrap();
    let digest = |bytes: &[u8]| {
        let digest = Sha256::digest(bytes);
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    assert_eq!(
        digest(&keyring.encode()),
        "7c6636597c540e84e336b6e83126f4ee6a1c2d94b55a085b427f84ada5762eba"
    );
    assert_eq!(digest(&record), "20ced204bbad8b69a3b13e1ad29aeb5f356a08474f2bbcf3d4bd2713ecf07337");
}

/// A second implementation opens what we have stored, with every root key, and stores what we open.
#[test]
fn a_second_implementation_reads_and_writes_keyrings() {
    let mut rng = TestRng::new(3);
    let keyring = one_of_each(&mut rng);
    let context = second::context(5, &[(1, b"acme")]);
    let (ring, stands, entries) = second::entries(&keyring.encode());
    assert_eq!((ring, stands), (keyring.id(), EPOCH_OF_EACH));
    let whose = second::owned(&context, &ring);
    let head = second::of_generation(second::head(1, 5, 2, b"device", &[]), 2);
    assert_eq!(entries[2].2[..head.len()], head);
    let active = second::root(&entries[2], b"device", &whose, &[1; 32]);
    assert_eq!(second::keyring(ring, stands, &entries, &context, &active), keyring.encode());
    let by_active = second::expand(&active, "root-wrap", &[]);
    let reference = [&ring[..], &[0, 0, 0, 2]].concat();
    for number in [1, 3] {
        let head = second::head(1, 5, number, &reference, &[]);
        let entry = &entries[number as usize];
        assert_eq!(entry.2[..head.len()], head);
        let root = second::root(entry, &reference, &whose, &by_active);
        // What this root key has encrypted, we open.
        let record = second::record((number, &root), 0, email().as_bytes(), b"data");
        assert_eq!(keyring.open_record(&email(), &record).unwrap().as_bytes(), b"data");
    }
    assert_eq!(entries[0], (4, NOW.as_secs(), vec![]));

    let whose = second::owned(&context, &[8; 16]);
    let wrap = |number, generation, reference: &[u8], kek, key| {
        let head = second::head(1, 5, number, reference, &[]);
        second::wrap(&second::of_generation(head, generation), &whose, kek, key)
    };
    let by_active = second::expand(&[11; 32], "root-wrap", &[]);
    let reference = [&[8; 16][..], &[0, 0, 0, 1]].concat();
    let theirs = [
        (3, 100, wrap(0, 0, &reference, &by_active, &[10; 32])),
        (2, 200, wrap(1, 7, b"device", &[1; 32], &[11; 32])),
    ];
    let bytes = second::keyring([8; 16], epoch(7, 9), &theirs, &context, &[11; 32]);
    let theirs = open(&bytes, epoch(7, 9)).unwrap();
    assert_eq!((theirs.id(), theirs.epoch(), theirs.active()), ([8; 16], epoch(7, 9), id(1)));
    assert_eq!(states(&theirs), [RootKeyState::DecryptOnly, RootKeyState::Active]);
    let record = second::record((0, &[10; 32]), 0, email().as_bytes(), b"data");
    assert_eq!(theirs.open_record(&email(), &record).unwrap().as_bytes(), b"data");
    assert_eq!(theirs.encode(), bytes);
}

/// Rotation in two phases: who opened the keyring while the next key was pending reads what it encrypts; who did not, does not.
#[test]
fn readers_learn_a_key_before_writers_use_it() {
    let mut rng = TestRng::new(4);
    let mut writer = keyring(&mut rng);
    let old = writer.seal_record(&email(), b"old", Padding::None, &mut rng).unwrap();
    let late = reopen(&writer);
    let next = writer.add(NOW, &mut rng).unwrap();
    let early = reopen(&writer);
    let still_old = writer.seal_record(&email(), b"still old", Padding::None, &mut rng).unwrap();
    assert!(!writer.needs_rewrap(&still_old), "a pending key does not encrypt");
    activate(&mut writer, next, &mut rng).unwrap();
    let new = writer.seal_record(&email(), b"new", Padding::None, &mut rng).unwrap();
    assert_eq!(early.open_record(&email(), &new).unwrap().as_bytes(), b"new");
    assert_eq!(late.open_record(&email(), &new), Err(RecordError));
    for (record, text) in [(old, &b"old"[..]), (still_old, b"still old"), (new, b"new")] {
        assert_eq!(reopen(&writer).open_record(&email(), &record).unwrap().as_bytes(), text);
    }
}

/// Each step that the drawing shows, and no other.
#[test]
fn states_follow_one_another() {
    let mut rng = TestRng::new(5);
    for number in 0..5 {
        let mut keyring = one_of_each(&mut rng);
        let (before, state) = (keyring.encode(), keyring.state(id(number)));
        assert_eq!(state, EACH.get(number as usize).copied());
        let activated = activate(&mut keyring, id(number), &mut rng);
        if state == Some(RootKeyState::Pending) {
            assert_eq!((activated, keyring.active()), (Ok(()), id(number)));
            assert_eq!(keyring.state(id(2)), Some(RootKeyState::DecryptOnly));
        } else {
            assert_eq!(activated, Err(KeyringError::WrongState));
            assert_eq!(keyring.encode(), before);
        }
        let mut keyring = open(&before, 0).unwrap();
        let destroyed = keyring.destroy(id(number));
        if matches!(state, Some(RootKeyState::Pending | RootKeyState::DecryptOnly)) {
            assert_eq!(
                (destroyed, keyring.state(id(number))),
                (Ok(()), Some(RootKeyState::Destroyed))
            );
            assert_eq!(keyring.destroy(id(number)), Err(KeyringError::WrongState));
        } else {
            assert_eq!(destroyed, Err(KeyringError::WrongState));
            assert_eq!(keyring.encode(), before);
        }
    }
}

/// A number is never used again: not of a destroyed key, not of one that was the last, not after a restart.
#[test]
fn numbers_are_never_reused() {
    let mut rng = TestRng::new(6);
    let mut keyring = keyring(&mut rng);
    for number in 1..6 {
        assert_eq!(keyring.add(NOW, &mut rng), Ok(id(number)));
        keyring.destroy(id(number)).unwrap();
        keyring = reopen(&keyring);
        assert_eq!(keyring.state(id(number)), Some(RootKeyState::Destroyed));
    }
    assert_eq!(keyring.keys().count(), 6);
    assert_eq!(keyring.state(id(6)), None);
}

/// What a destroyed key has encrypted is gone, and its secret is in the stored bytes no more.
#[test]
fn a_destroyed_key_is_gone() {
    let mut rng = TestRng::new(7);
    let mut keyring = keyring(&mut rng);
    let record = keyring.seal_record(&email(), b"data", Padding::None, &mut rng).unwrap();
    rotate(&mut keyring, &mut rng);
    let before = keyring.encode().len();
    keyring.destroy(id(0)).unwrap();
    assert_eq!(keyring.encode().len(), before - (13 + 20 + 104));
    for keyring in [reopen(&keyring), keyring] {
        assert_eq!(keyring.open_record(&email(), &record), Err(RecordError));
        assert!(keyring.database_key(id(0), &email()).is_none());
        assert!(keyring.blind_index(id(0), &email()).is_none());
    }
}

/// There is a most, tombstones counted.
#[test]
fn a_keyring_has_room_for_so_many() {
    let mut rng = TestRng::new(8);
    let mut keyring = keyring(&mut rng);
    for number in 1..MAX_ROOT_KEYS {
        let id = keyring.add(NOW, &mut rng).unwrap();
        if number % 3 != 0 {
            keyring.destroy(id).unwrap();
        }
    }
    let (stored, drawn) = (keyring.encode(), rng.drawn);
    assert_eq!(keyring.add(NOW, &mut rng), Err(KeyringError::Full));
    assert_eq!((keyring.encode() == stored, rng.drawn), (true, drawn));
    assert_eq!(reopen(&keyring).keys().count(), MAX_ROOT_KEYS);
}

/// Opening asks the service once, however many root keys there are; adding, destroying, sealing and opening records ask it never.
#[test]
fn a_service_is_asked_once() {
    let mut rng = TestRng::new(9);
    let kms = Kms::new(b"key/1");
    let mut keyring = Keyring::create(&acme(), WrapWith::Service(&kms), NOW, &mut rng).unwrap();
    for _ in 0..40 {
        let next = keyring.add(NOW, &mut rng).unwrap();
        keyring.activate(next, WrapWith::Service(&kms), &mut rng).unwrap();
    }
    assert_eq!(kms.times_asked(), 41, "once for each activation");
    let keyring = Keyring::open(&keyring.encode(), &acme(), UnwrapWith::Service(&kms), 0).unwrap();
    assert_eq!(kms.times_asked(), 42);
    let record = keyring.seal_record(&email(), b"data", Padding::None, &mut rng).unwrap();
    keyring.open_record(&email(), &record).unwrap();
    assert_eq!(kms.times_asked(), 42);
}

/// What a service is asked about is a hash of the head, with the number and generation, of the context and of the keyring's id.
#[test]
fn a_service_is_told_a_hash() {
    let mut rng = TestRng::new(42);
    let kms = Kms::new(b"key/1");
    let with = WrapWith::Service(&kms);
    let mut keyring = Keyring::create(&acme(), with, NOW, &mut rng).unwrap();
    keyring.change_kek(with, &mut rng).unwrap();
    keyring.rotate(NOW, with, &mut rng).unwrap();
    Keyring::open(&keyring.encode(), &acme(), UnwrapWith::Service(&kms), 0).unwrap();
    let aad = |number, generation| {
        let head = second::of_generation(second::head(5, 5, number, b"key/1", &[]), generation);
        second::sha256("service/aad", &[&head, acme().as_bytes(), &keyring.id()])
    };
    assert_eq!(*kms.asked.borrow(), [aad(0, 0), aad(0, 1), aad(1, 2), aad(1, 2)]);
}

/// What a service says when a keyring is made, opened or changed; on failure nothing has changed.
#[test]
fn what_a_service_says_of_a_keyring_is_handed_on() {
    let mut rng = TestRng::new(10);
    let kms = Kms::new(b"key/1");
    let mut keyring = Keyring::create(&acme(), WrapWith::Service(&kms), NOW, &mut rng).unwrap();
    let next = keyring.add(NOW, &mut rng).unwrap();
    let stored = keyring.encode();
    for error in [KekError::Unavailable, KekError::Denied, KekError::Invalid] {
        kms.fails.set(Some(error));
        let (with, by) = (WrapWith::Service(&kms), UnwrapWith::Service(&kms));
        let wrap = WrapError::Kek(error);
        let created = Keyring::create(&acme(), with, NOW, &mut rng);
        assert_eq!(created.map(drop), Err(wrap));
        let opened = Keyring::open(&stored, &acme(), by, 0);
        assert_eq!(opened.map(drop), Err(OpenKeyringError::Unwrap(UnwrapError::Kek(error))));
        assert_eq!(keyring.activate(next, with, &mut rng), Err(KeyringError::Wrap(wrap)));
        assert_eq!(keyring.change_kek(with, &mut rng), Err(KeyringError::Wrap(wrap)));
        assert_eq!(keyring.rotate(NOW, with, &mut rng), Err(KeyringError::Wrap(wrap)));
        let (activated, _) = wait(keyring.activate_async(next, &kms, &mut rng));
        assert_eq!(activated, Err(KeyringError::Wrap(wrap)));
        assert_eq!(wait(keyring.change_kek_async(&kms)).0, Err(KeyringError::Wrap(wrap)));
        assert_eq!(keyring.encode(), stored);
    }
}

/// The same with a service that is waited for, in whatever order the two ways are mixed.
#[test]
fn a_slow_service_serves_keyrings() {
    let mut rng = TestRng::new(11);
    let kms = Kms { slow: 3, ..Kms::new(b"key/1") };
    let (keyring, waited) = wait(Keyring::create_async(&acme(), &kms, NOW, &mut rng));
    let mut keyring = keyring.unwrap();
    assert_eq!(waited, 3);
    let record = keyring.seal_record(&email(), b"data", Padding::None, &mut rng).unwrap();
    let next = keyring.add(NOW, &mut rng).unwrap();
    let (activated, waited) = wait(keyring.activate_async(next, &kms, &mut rng));
    let now = epoch(1, 0);
    assert_eq!((activated, waited, keyring.active(), keyring.epoch()), (Ok(()), 3, next, now));
    let (opened, waited) = wait(Keyring::open_async(&keyring.encode(), &acme(), &kms, now));
    let mut opened = opened.unwrap();
    assert_eq!(
        (opened.open_record(&email(), &record).unwrap().as_bytes(), waited),
        (&b"data"[..], 3)
    );
    let stale = wait(Keyring::open_async(&keyring.encode(), &acme(), &kms, now + 1)).0;
    assert_eq!(stale.map(drop), Err(OpenKeyringError::Stale));
    let other = Kms { slow: 1, ..Kms::new(b"key/2") };
    let (changed, waited) = wait(opened.change_kek_async(&other));
    let now = epoch(2, 0);
    assert_eq!((changed, waited, opened.epoch()), (Ok(()), 1, now));
    assert!(Keyring::open(&opened.encode(), &acme(), UnwrapWith::Service(&other), now).is_ok());
    let asked = kms.times_asked();
    let early = wait(opened.activate_async(next, &kms, &mut rng)).0;
    assert_eq!((early, kms.times_asked()), (Err(KeyringError::WrongState), asked));
}

/// A change that was given up while the service was waited for has not happened.
#[test]
fn a_change_that_is_given_up_has_not_happened() {
    let mut rng = TestRng::new(12);
    let mut keyring = keyring(&mut rng);
    let next = keyring.add(NOW, &mut rng).unwrap();
    let before = keyring.encode();
    let kms = Kms { slow: usize::MAX, ..Kms::new(b"key/1") };
    {
        let mut future = std::pin::pin!(keyring.activate_async(next, &kms, &mut rng));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        for _ in 0..10 {
            assert!(future.as_mut().poll(&mut context).is_pending());
        }
    }
    assert_eq!((keyring.encode(), kms.times_asked()), (before, 0));
}

/// A service that gives another key, or that looks at no context, is found out.
#[test]
fn a_service_that_lies_is_found_out() {
    let mut rng = TestRng::new(13);
    let kms = Kms { careless: true, ..Kms::new(b"key/1") };
    let make =
        |rng: &mut TestRng| Keyring::create(&acme(), WrapWith::Service(&kms), NOW, rng).unwrap();
    let (ours, theirs) = (make(&mut rng).encode(), make(&mut rng).encode());
    let by = UnwrapWith::Service(&kms);
    assert!(Keyring::open(&ours, &acme(), by, 0).is_ok());
    // The other keyring's blob in ours, its head untouched.
    let mut swapped = ours.clone();
    let blob = ours.len() - 32 - 64..ours.len() - 32;
    swapped[blob.clone()].copy_from_slice(&theirs[blob]);
    let opened = Keyring::open(&swapped, &acme(), by, 0);
    assert_eq!(opened.map(drop), Err(OpenKeyringError::Unauthentic));
    let other = DataContext::new(Purpose::Keyring).tenant(b"emca").unwrap();
    let opened = Keyring::open(&ours, &other, by, 0);
    assert_eq!(opened.map(drop), Err(OpenKeyringError::Unauthentic));
}

/// An honest KEK refuses another context, and another KEK does not open.
#[test]
fn a_keyring_is_bound_to_its_kek_and_context() {
    let mut rng = TestRng::new(14);
    let stored = keyring(&mut rng).encode();
    let other = DataContext::new(Purpose::Keyring).tenant(b"emca").unwrap();
    let wrong = Err(OpenKeyringError::Unwrap(UnwrapError::WrongKeyOrContext));
    let opened = Keyring::open(&stored, &other, UnwrapWith::Local(&local(1)), 0);
    assert_eq!(opened.map(drop), wrong);
    let opened = Keyring::open(&stored, &acme(), UnwrapWith::Local(&local(2)), 0);
    assert_eq!(opened.map(drop), wrong);
    let kms = Kms::new(b"device");
    let opened = Keyring::open(&stored, &acme(), UnwrapWith::Service(&kms), 0);
    assert_eq!(opened.map(drop), Err(OpenKeyringError::Unwrap(UnwrapError::WrongKek)));
}

/// An older keyring than is remembered is refused, when everything else is right: by its generation first, and then by its changes.
#[test]
fn an_older_keyring_is_stale() {
    let mut rng = TestRng::new(15);
    let mut keyring = keyring(&mut rng);
    let mut before = vec![keyring.encode()];
    for _ in 0..3 {
        keyring.add(NOW, &mut rng).unwrap();
        before.push(keyring.encode());
    }
    assert_eq!(keyring.epoch(), epoch(0, 3));
    activate(&mut keyring, id(2), &mut rng).unwrap();
    before.push(keyring.encode());
    keyring.destroy(id(1)).unwrap();
    before.push(keyring.encode());
    let epochs = [epoch(0, 0), epoch(0, 1), epoch(0, 2), epoch(0, 3), epoch(1, 0), epoch(1, 1)];
    for (stored, of) in before.iter().zip(epochs) {
        for min in epochs {
            let stale = Err(OpenKeyringError::Stale);
            let expected = if of < min { stale } else { Ok(of) };
            assert_eq!(open(stored, min).map(|keyring| keyring.epoch()), expected);
        }
    }
    let claimed = |stored: &[u8], changes: u8| {
        let mut claimed = stored.to_vec();
        claimed[27] = changes;
        open(&claimed, 0).map(drop)
    };
    assert_eq!(claimed(&before[0], 9), Err(OpenKeyringError::Unauthentic));
    assert_eq!(claimed(&before[4], 9), Err(OpenKeyringError::Unauthentic));
}

/// The KEK changes and nothing else does: what the old one opened it does not open any more.
#[test]
fn the_kek_can_be_changed() {
    let mut rng = TestRng::new(16);
    let mut keyring = one_of_each(&mut rng);
    let record = keyring.seal_record(&email(), b"data", Padding::None, &mut rng).unwrap();
    let pair = RecipientKey::from_secret(secret(5));
    let master = vault::keyring(&mut rng);
    let kms = Kms::new(b"key/1");
    let public = pair.public();
    let keks = [
        (WrapWith::Recipient(&public), UnwrapWith::Recipient(&pair)),
        (WrapWith::Keyring(&master), UnwrapWith::Keyring(&master)),
        (WrapWith::Service(&kms), UnwrapWith::Service(&kms)),
    ];
    for (generation, (with, by)) in (3..).zip(keks) {
        keyring.change_kek(with, &mut rng).unwrap();
        let stored = keyring.encode();
        let opened = Keyring::open_claimed(&stored, &acme(), by, epoch(generation, 0)).unwrap();
        let opened = opened.accept();
        assert_eq!((opened.epoch(), states(&opened)), (epoch(generation, 0), EACH.to_vec()));
        assert_eq!(opened.open_record(&email(), &record).unwrap().as_bytes(), b"data");
        assert_eq!(
            open(&stored, 0).map(drop),
            Err(OpenKeyringError::Unwrap(UnwrapError::WrongKek))
        );
    }
}

/// One changed bit anywhere: it does not open. In front of the MAC nobody is asked to unwrap what is malformed.
#[test]
fn whatever_was_changed_does_not_open() {
    let mut rng = TestRng::new(17);
    let stored = one_of_each(&mut rng).encode();
    for (bit, changed) in flips(&stored) {
        assert!(open(&changed, 0).is_err(), "bit {bit}");
    }
    for bit in 0..256 {
        let mut changed = stored.clone();
        let at = stored.len() - 32 + bit / 8;
        changed[at] ^= 1 << (bit % 8);
        assert_eq!(open(&changed, 0).map(drop), Err(OpenKeyringError::Unauthentic));
    }
    for len in 0..stored.len() {
        let malformed = OpenKeyringError::Malformed(DecodeError::Truncated);
        assert_eq!(open(&stored[..len], 0).map(drop), Err(malformed), "{len} bytes");
    }
    let longer = [&stored[..], &[0]].concat();
    let malformed = OpenKeyringError::Malformed(DecodeError::TrailingBytes);
    assert_eq!(open(&longer, 0).map(drop), Err(malformed));
}

/// Two states of one keyring cannot be put together, nor entries be swapped, dropped or brought back.
#[test]
fn entries_cannot_be_rearranged() {
    let mut rng = TestRng::new(18);
    let mut keyring = keyring(&mut rng);
    rotate(&mut keyring, &mut rng);
    let next = keyring.add(NOW, &mut rng).unwrap();
    let context = acme();
    let before = keyring.encode();
    let (ring, stands, old) = second::entries(&before);
    keyring.destroy(id(0)).unwrap();
    let (_, _, new) = second::entries(&keyring.encode());
    let mac = |bytes: &[u8]| bytes[bytes.len() - 32..].to_vec();
    let put_together = |epoch, entries: &[second::Entry], from: &[u8]| {
        let mut bytes = second::keyring(ring, epoch, entries, context.as_bytes(), &[0; 32]);
        let at = bytes.len() - 32;
        bytes[at..].copy_from_slice(&mac(from));
        open(&bytes, 0).map(drop)
    };
    let stored = keyring.encode();
    assert_eq!(put_together(stands + 1, &new, &stored), Ok(()));
    let mut back = new.clone();
    back[0] = old[0].clone();
    assert_eq!(put_together(stands + 1, &back, &stored), Err(OpenKeyringError::Unauthentic));
    let mut promoted = new.clone();
    promoted[2].0 = 3;
    assert_eq!(put_together(stands + 1, &promoted, &stored), Err(OpenKeyringError::Unauthentic));
    assert_eq!(put_together(stands + 1, &new[..2], &stored), Err(OpenKeyringError::Unauthentic));
    let both = Err(OpenKeyringError::Malformed(DecodeError::NotCanonical));
    assert_eq!(put_together(stands + (1 << 32), &new, &stored), both, "another generation");
    assert_eq!(keyring.state(next), Some(RootKeyState::Pending));
}

/// What is no keyring, or not the one encoding of it, by name; somebody with the key may well have made it.
#[test]
fn keyrings_have_one_encoding() {
    let context = acme();
    let whose = second::owned(context.as_bytes(), &[8; 16]);
    let of = |generation, key_id| {
        let head = second::of_generation(second::head(1, 5, key_id, b"device", &[]), generation);
        (2, 0, second::wrap(&head, &whose, &[1; 32], &[11; 32]))
    };
    let active = |key_id| of(3, key_id);
    let other = |state, number: u32, reference: &[u8], kek: &str| {
        let kek = second::expand(&[11; 32], kek, &[]);
        let head = second::head(1, 5, number, reference, &[]);
        (state, 0, second::wrap(&head, &whose, &kek, &[10; 32]))
    };
    let stored = |epoch, entries: &[second::Entry]| {
        second::keyring([8; 16], epoch, entries, context.as_bytes(), &[11; 32])
    };
    let made_in = |epoch, entries: &[second::Entry]| open(&stored(epoch, entries), 0).map(drop);
    let made = |entries: &[second::Entry]| made_in(epoch(3, 4), entries);
    let reference = [&[8; 16][..], &[0; 4]].concat();
    let good = [active(0), other(1, 1, &reference, "root-wrap"), (4, 0, vec![])];
    assert_eq!(made(&good), Ok(()));
    let with = |i: usize, entry: second::Entry| {
        let mut entries = good.clone();
        entries[i] = entry;
        made(&entries)
    };
    let not_canonical = Err(OpenKeyringError::Malformed(DecodeError::NotCanonical));
    assert_eq!(made(&[]), not_canonical, "no active one");
    assert_eq!(made(&good[1..]), not_canonical, "no active one");
    assert_eq!(with(2, active(2)), not_canonical, "two active ones");
    assert_eq!(with(0, active(1)), not_canonical, "another's number");
    assert_eq!(with(1, (1, 0, vec![])), not_canonical, "pending, and not there");
    assert_eq!(with(1, (4, 0, good[1].2.clone())), not_canonical, "destroyed, and there");
    let mut generation = good[1].clone();
    generation.2[11] = 3;
    assert_eq!(with(1, generation), not_canonical, "a generation, and not active");
    for generation in [0, 2, 4] {
        assert_eq!(made_in(epoch(generation, 4), &good), not_canonical, "another generation");
        assert_eq!(with(0, of(generation as u32, 0)), not_canonical, "another generation");
    }
    let most = u64::from(u32::MAX);
    let at_the_end =
        |generation, changes| made_in(epoch(generation, changes), &[of(generation as u32, 0)]);
    assert_eq!(at_the_end(most - 1, most - 1), Ok(()));
    assert_eq!(at_the_end(most, 0), not_canonical, "no next generation");
    assert_eq!(at_the_end(0, most), not_canonical, "no next change");
    for state in [0, 5, 255] {
        let unknown = Err(OpenKeyringError::Malformed(DecodeError::UnsupportedVersion));
        assert_eq!(with(1, (state, 0, good[1].2.clone())), unknown);
    }
    let unauthentic = Err(OpenKeyringError::Unauthentic);
    assert_eq!(with(1, other(1, 1, b"device", "root-wrap")), unauthentic, "another reference");
    assert_eq!(with(1, other(1, 1, &reference, "file-wrap")), unauthentic, "another key");
    let bytes = stored(epoch(3, 4), &good);
    for (at, byte, error) in [
        (0, b'F', DecodeError::WrongKind),
        (3, b'2', DecodeError::UnsupportedVersion),
        (28, 0x10, DecodeError::TooMany),
        (29, 2, DecodeError::TrailingBytes),
        (29, 5, DecodeError::Truncated),
        (29, 6, DecodeError::Truncated),
        (29, 255, DecodeError::Truncated),
    ] {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        // 4,097 root keys.
        bytes[29] = if at == 28 { 1 } else { bytes[29] };
        // A MAC that reads as two tombstones and a half.
        let end = bytes.len() - 32;
        let mac = &mut bytes[end..];
        mac.fill(0);
        mac.iter_mut().step_by(11).for_each(|state| *state = 4);
        let malformed = Err(OpenKeyringError::Malformed(error));
        assert_eq!(open(&bytes, 0).map(drop), malformed, "byte {at}: {byte}");
    }
}

/// a generator that fails, at any draw of any change, changes nothing.
#[test]
fn a_failing_generator_changes_nothing() {
    let mut rng = TestRng::new(19);
    for draw in 0..3 {
        let mut failing = TestRng::new(20);
        failing.fail_at = Some(draw);
        let created = Keyring::create(&acme(), WrapWith::Local(&local(1)), NOW, &mut failing);
        assert_eq!(created.map(drop), Err(WrapError::Randomness));
    }
    let mut keyring = one_of_each(&mut rng);
    let stored = keyring.encode();
    type Change = fn(&mut Keyring, &mut TestRng) -> Result<(), KeyringError>;
    let changes: [(usize, u64, Change); 4] = [
        (2, epoch(2, 3), |keyring, rng| keyring.add(NOW, rng).map(drop)),
        (3, epoch(3, 0), |keyring, rng| activate(keyring, id(3), rng)),
        (1, epoch(3, 0), |keyring, rng| keyring.change_kek(WrapWith::Local(&local(1)), rng)),
        (5, epoch(3, 0), |keyring, rng| {
            keyring.rotate(NOW, WrapWith::Local(&local(1)), rng).map(drop)
        }),
    ];
    for (draws, after, change) in changes {
        for draw in 0..draws {
            rng.fail_at = Some(rng.draws + draw);
            assert_eq!(
                change(&mut keyring, &mut rng),
                Err(KeyringError::Wrap(WrapError::Randomness))
            );
            assert_eq!(keyring.encode(), stored);
        }
        rng.fail_at = None;
        let mut copy = open(&stored, 0).unwrap();
        let before = rng.draws;
        change(&mut copy, &mut rng).unwrap();
        assert_eq!((rng.draws - before, copy.epoch()), (draws, after));
    }
}

/// The longest answer of a service is stored and read back; of a longer one no keyring is made, and none is changed.
#[test]
fn a_keyring_that_is_stored_is_one_that_opens() {
    let mut rng = TestRng::new(32);
    let longest = Kms { padding: MAX_KEK_BLOB - 64, ..Kms::new(b"key/1") };
    let too_long = Kms { padding: MAX_KEK_BLOB - 63, ..Kms::new(b"key/1") };
    let (with, without) = (WrapWith::Service(&longest), WrapWith::Service(&too_long));
    let mut ring = Keyring::create(&acme(), with, NOW, &mut rng).unwrap();
    ring.rotate(NOW, with, &mut rng).unwrap();
    let stored = ring.encode();
    let again = Keyring::open(&stored, &acme(), UnwrapWith::Service(&longest), ring.epoch());
    assert_eq!(again.unwrap().encode(), stored);

    let invalid = WrapError::Kek(KekError::Invalid);
    assert_eq!(Keyring::create(&acme(), without, NOW, &mut rng).map(drop), Err(invalid));
    let created = wait(Keyring::create_async(&acme(), &too_long, NOW, &mut rng)).0;
    assert_eq!(created.map(drop), Err(invalid));
    assert_eq!(ring.rotate(NOW, without, &mut rng), Err(KeyringError::Wrap(invalid)));
    assert_eq!(ring.change_kek(without, &mut rng), Err(KeyringError::Wrap(invalid)));
    let changed = wait(ring.change_kek_async(&too_long)).0;
    assert_eq!((changed, ring.encode()), (Err(KeyringError::Wrap(invalid)), stored));
}

/// What a rotation leaves is what adding and activating leave, with the next number and one generation more; but no root key was pending, wrapped
/// by the one before.
#[test]
fn a_rotation_is_both_steps_at_once() {
    let mut rng = TestRng::new(33);
    let mut ring = keyring(&mut rng);
    ring.add(NOW, &mut rng).unwrap();
    let record = ring.seal_record(&email(), b"data", Padding::None, &mut rng).unwrap();
    let mut stepwise = reopen(&ring);
    let later = UnixTime::from_secs(NOW.as_secs() + 1);
    let next = stepwise.add(later, &mut rng).unwrap();
    activate(&mut stepwise, next, &mut rng).unwrap();
    let (before, mut copy) = (rng.draws, reopen(&ring));
    let rotated = ring.rotate(later, WrapWith::Local(&local(1)), &mut rng);
    assert_eq!(rng.draws - before, 4); // the root key, two others, and itself; a pending one would be another
    let service = Kms::new(b"key/1");
    let waited = wait(copy.rotate_async(later, &service, &mut rng)).0;
    assert_eq!((waited, states(&copy), copy.epoch()), (Ok(id(2)), states(&stepwise), epoch(1, 0)));
    assert_eq!((rotated, ring.active(), ring.epoch()), (Ok(id(2)), id(2), epoch(1, 0)));
    assert_eq!(ring.keys().collect::<Vec<_>>(), stepwise.keys().collect::<Vec<_>>());
    let [pending, active] = [RootKeyState::Pending, RootKeyState::Active];
    assert_eq!(states(&ring), [RootKeyState::DecryptOnly, pending, active]);
    assert_eq!(ring.keys().last().map(|key| key.created), Some(later));
    assert_eq!(reopen(&ring).open_record(&email(), &record).unwrap().as_bytes(), b"data");
    assert!(ring.needs_rewrap(&record));
}

/// A rotation that failed has used no number up, and can be done again.
#[test]
fn a_rotation_that_failed_can_be_done_again() {
    let mut rng = TestRng::new(35);
    let kms = Kms::new(b"key/1");
    let mut ring = Keyring::create(&acme(), WrapWith::Service(&kms), NOW, &mut rng).unwrap();
    let stored = ring.encode();
    kms.fails.set(Some(KekError::Unavailable));
    for _ in 0..3 {
        let failed = ring.rotate(NOW, WrapWith::Service(&kms), &mut rng);
        assert_eq!(failed, Err(KeyringError::Wrap(WrapError::Kek(KekError::Unavailable))));
        assert_eq!((ring.encode(), ring.keys().count(), ring.epoch()), (stored.clone(), 1, 0));
    }
    kms.fails.set(None);
    assert_eq!(ring.rotate(NOW, WrapWith::Service(&kms), &mut rng), Ok(id(1)));
    assert_eq!((ring.state(id(0)), ring.epoch()), (Some(RootKeyState::DecryptOnly), epoch(1, 0)));
}

/// A keyring made by somebody who had the KEK, in the last generation but one, or with the most changes but one.
fn near_its_end(epoch: u64) -> Keyring {
    let (context, generation) = (acme(), (epoch >> 32) as u32);
    let whose = second::owned(context.as_bytes(), &[8; 16]);
    let head = second::of_generation(second::head(1, 5, 0, b"device", &[]), generation);
    let entry = (2, 0, second::wrap(&head, &whose, &[1; 32], &[11; 32]));
    let stored = second::keyring([8; 16], epoch, &[entry], context.as_bytes(), &[11; 32]);
    open(&stored, epoch).unwrap()
}

/// Generations end before the number that is not read; whatever is refused has changed nothing.
#[test]
fn there_is_no_generation_after_the_last() {
    let mut rng = TestRng::new(36);
    let mut ring = near_its_end(epoch(u64::from(u32::MAX) - 2, 0));
    rotate(&mut ring, &mut rng);
    assert_eq!(reopen(&ring).epoch(), epoch(u64::from(u32::MAX) - 1, 0));
    let next = ring.add(NOW, &mut rng).unwrap();
    let (stored, kms, kek) = (ring.encode(), Kms::new(b"key/1"), local(1));
    let (with, full) = (WrapWith::Local(&kek), Err(KeyringError::Full));
    assert_eq!(activate(&mut ring, next, &mut rng), full);
    assert_eq!(ring.rotate(NOW, with, &mut rng).map(drop), full);
    assert_eq!(ring.change_kek(with, &mut rng), full);
    assert_eq!(wait(ring.activate_async(next, &kms, &mut rng)).0, full);
    assert_eq!(wait(ring.change_kek_async(&kms)).0, full);
    assert_eq!((ring.encode(), kms.times_asked()), (stored, 0));
}

/// Nor a change after the last one of a generation; another generation begins with another root key, or another KEK.
#[test]
fn there_is_no_change_after_the_last() {
    let mut rng = TestRng::new(37);
    let most = u64::from(u32::MAX);
    let mut ring = near_its_end(epoch(3, most - 2));
    let next = ring.add(NOW, &mut rng).unwrap();
    let (stored, drawn, kek) = (ring.encode(), rng.drawn, local(1));
    let (with, full) = (WrapWith::Local(&kek), Err(KeyringError::Full));
    assert_eq!(open(&stored, epoch(3, most - 1)).map(drop), Ok(()));
    assert_eq!(ring.add(NOW, &mut rng).map(drop), full);
    assert_eq!(ring.destroy(next), full);
    assert_eq!((ring.encode(), rng.drawn), (stored.clone(), drawn));

    activate(&mut ring, next, &mut rng).unwrap();
    assert_eq!(reopen(&ring).epoch(), epoch(4, 0));
    // Whoever has the active root key can bring its generation to its end: not so that nobody gets rid of it.
    let mut ring = open(&stored, 0).unwrap();
    ring.rotate(NOW, with, &mut rng).unwrap();
    assert_eq!(reopen(&ring).epoch(), epoch(4, 0));
    let mut ring = open(&stored, 0).unwrap();
    ring.change_kek(with, &mut rng).unwrap();
    rotate(&mut ring, &mut rng);
    assert_eq!(reopen(&ring).epoch(), epoch(5, 0));
}

/// What has wrapped the active root key is read before anything is opened, and nobody is asked.
#[test]
fn what_a_keyring_is_wrapped_by_is_read_before_it_is_opened() {
    let mut rng = TestRng::new(41);
    let kms = Kms::new(b"key/1");
    let mut ring = one_of_each(&mut rng);
    let read = |ring: &Keyring| {
        let wrapped = Keyring::wrapped_in(&ring.encode()).unwrap();
        assert_eq!(&wrapped, ring.wrapped());
        (wrapped.kek_type(), wrapped.kek_ref().to_vec())
    };
    assert_eq!(read(&ring), (KekType::Local, b"device".to_vec()));
    ring.change_kek(WrapWith::Service(&kms), &mut rng).unwrap();
    let asked = kms.times_asked();
    assert_eq!(read(&ring), (KekType::Service, b"key/1".to_vec()));
    assert_eq!(kms.times_asked(), asked);
    // Nothing of it is authenticated, but what is malformed is told.
    let mut forged = ring.encode();
    *forged.last_mut().unwrap() ^= 1;
    assert!(Keyring::wrapped_in(&forged).is_ok());
    assert_eq!(Keyring::wrapped_in(&forged[1..]), Err(DecodeError::WrongKind));
    assert_eq!(Keyring::wrapped_in(&forged[..40]), Err(DecodeError::Truncated));
}

/// A database's key is the same wherever the keyring is opened, another for each context and root key, and stays through rotations.
#[test]
fn databases_have_keys_of_their_own() {
    let mut rng = TestRng::new(21);
    let mut ring = keyring(&mut rng);
    let context = DataContext::new(Purpose::Database).tenant(b"acme").unwrap();
    let key = |ring: &Keyring, number| ring.database_key(id(number), &context).unwrap();
    let first = *key(&ring, 0).key().expose();
    let root = second::active(&ring.encode(), acme().as_bytes(), &[1; 32]);
    let both: [u8; 48] = second::expand(&root, "database", context.as_bytes());
    assert_eq!(first, both[..32]);
    let digits: String = both.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(key(&ring, 0).sqlcipher().expose(), format!("x'{digits}'").as_bytes());
    assert_eq!(format!("{:?}", key(&ring, 0)).find(&digits[..8]), None);

    rotate(&mut ring, &mut rng);
    let ring = reopen(&ring);
    assert_eq!(*key(&ring, 0).key().expose(), first);
    assert_ne!(*key(&ring, 1).key().expose(), first);
    let other = ring.database_key(id(0), &context.user(b"jane").unwrap()).unwrap();
    assert_ne!(*other.key().expose(), first);
    assert!(ring.database_key(id(2), &email()).is_none());
}

/// Every digit, from every byte.
#[test]
fn raw_keys_have_all_digits() {
    let mut seen = [false; 256];
    let mut rng = TestRng::new(22);
    while seen.contains(&false) {
        let key = keyring(&mut rng).database_key(id(0), &email()).unwrap();
        let text = key.sqlcipher();
        let digits = std::str::from_utf8(&text.expose()[2..66]).unwrap();
        for (i, byte) in key.key().expose().iter().enumerate() {
            assert_eq!(digits[2 * i..2 * i + 2], format!("{byte:02x}"));
            seen[usize::from(*byte)] = true;
        }
    }
}

/// Equal values have equal indexes in one context under one root key, and nowhere else.
#[test]
fn a_blind_index_finds_equal_values() {
    let mut rng = TestRng::new(23);
    let mut ring = keyring(&mut rng);
    rotate(&mut ring, &mut rng);
    let of = |number, context: &DataContext, value: &[u8]| {
        ring.blind_index(id(number), context).unwrap().of(value)
    };
    let index = of(0, &email(), b"jane@example.org");
    assert_eq!(of(0, &email(), b"jane@example.org"), index);
    let active = second::active(&ring.encode(), acme().as_bytes(), &[1; 32]);
    let key = second::expand(&active, "index", email().as_bytes());
    assert_eq!(of(1, &email(), b"x"), second::hmac(&key, b"x"));
    let others = [
        of(0, &email(), b"jane@example.com"),
        of(1, &email(), b"jane@example.org"),
        of(0, &email().user(b"x").unwrap(), b"jane@example.org"),
    ];
    assert!(others.iter().all(|other| *other != index));
}

/// a keyring cannot be copied, and prints no secret; it goes between threads.
#[test]
fn a_keyring_is_one_and_says_nothing() {
    let keyring = one_of_each(&mut TestRng::new(24));
    assert!(!implements!(Keyring: Clone) && implements!(Keyring: Send + Sync + Unpin));
    let keys: Vec<RootKeyStatus> = keyring.keys().collect();
    let (id, epoch) = (keyring.id(), EPOCH_OF_EACH);
    let shown = format!("Keyring {{ id: {id:?}, epoch: {epoch}, keys: {keys:?}, .. }}");
    assert_eq!(format!("{keyring:?}"), shown);
}

/// A model of a keyring: the state of each root key, and how many changes there were.
#[derive(Clone, Debug)]
enum Act {
    Add,
    Activate(u32),
    Destroy(u32),
    Rotate,
    ChangeKek,
    Reopen,
    Seal,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        Just(Act::Add),
        (0..6_u32).prop_map(Act::Activate),
        (0..6_u32).prop_map(Act::Destroy),
        Just(Act::Rotate),
        Just(Act::ChangeKek),
        Just(Act::Reopen),
        Just(Act::Seal),
    ];
    prop::collection::vec(act, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever is done, in whatever order: the states are the model's, the epoch counts generations and changes, and a record opens exactly
    /// while its root key is not destroyed.
    #[test]
    fn any_order_of_changes_follows_the_model(acts in acts(), seed: u64) {
        let mut rng = TestRng::new(seed);
        let mut ring = keyring(&mut rng);
        let mut model = vec![RootKeyState::Active];
        let (mut generation, mut changes) = (0, 0);
        let mut records: Vec<(usize, Vec<u8>)> = Vec::new();
        for act in acts {
            let active = model.iter().position(|state| *state == RootKeyState::Active).unwrap();
            let state = |number: u32| model.get(number as usize).copied();
            match act {
                Act::Add => {
                    ring.add(NOW, &mut rng).unwrap();
                    model.push(RootKeyState::Pending);
                    changes += 1;
                }
                Act::Activate(number) => {
                    let may = state(number) == Some(RootKeyState::Pending);
                    prop_assert_eq!(activate(&mut ring, id(number), &mut rng).is_ok(), may);
                    if may {
                        model[active] = RootKeyState::DecryptOnly;
                        model[number as usize] = RootKeyState::Active;
                        (generation, changes) = (generation + 1, 0);
                    }
                }
                Act::Destroy(number) => {
                    let may = matches!(state(number), Some(RootKeyState::Pending | RootKeyState::DecryptOnly));
                    prop_assert_eq!(ring.destroy(id(number)).is_ok(), may);
                    if may {
                        model[number as usize] = RootKeyState::Destroyed;
                        changes += 1;
                    }
                }
                Act::Rotate => {
                    rotate(&mut ring, &mut rng);
                    model[active] = RootKeyState::DecryptOnly;
                    model.push(RootKeyState::Active);
                    (generation, changes) = (generation + 1, 0);
                }
                Act::ChangeKek => {
                    ring.change_kek(WrapWith::Local(&local(1)), &mut rng).unwrap();
                    (generation, changes) = (generation + 1, 0);
                }
                Act::Reopen => ring = reopen(&ring),
                Act::Seal => {
                    let record = ring.seal_record(&email(), b"data", Padding::None, &mut rng).unwrap();
                    records.push((active, record));
                }
            }
            prop_assert_eq!(states(&ring), model.clone());
            prop_assert_eq!(ring.epoch(), epoch(generation, changes));
            for (key, record) in &records {
                let opens = ring.open_record(&email(), record).is_ok();
                prop_assert_eq!(opens, model[*key] != RootKeyState::Destroyed);
            }
        }
    }
}

/// A secret that goes in is the one that comes out, whatever it is: the KEK's own bytes, zeros.
#[test]
fn any_root_key_can_be_wrapped() {
    let mut rng = TestRng::new(25);
    let ring = keyring(&mut rng);
    for byte in [0, 1, 0xff] {
        let key = Secret::init_with(|key: &mut [u8; 32]| key.fill(byte));
        let wrapped = WrappedKey::new(&key, &email(), WrapWith::Keyring(&ring), &mut rng).unwrap();
        let opened = wrapped.open(&email(), UnwrapWith::Keyring(&reopen(&ring))).unwrap();
        assert_eq!(opened.expose(), key.expose());
    }
}
