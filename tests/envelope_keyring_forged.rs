//! Keyrings that somebody else has made, changed or put back: with an old root key, with another keyring, with a public key; and what
//! two processes do to each other.

mod common;
mod second;
mod vault;

use common::{NOW, TestRng};
use confidant::{
    DataContext, DecodeError, KekError, Keyring, OpenKeyringError, Padding, Purpose, RecipientKey,
    RecordError, RecoveryProfile, RecoverySet, RewrapError, RootKeyId, Unauthenticated,
    UnwrapError, UnwrapWith, WrapWith, WrappedKey,
};
use vault::{Kms, acme, email, keyring, local, reopen, secret};

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

/// A new root key, active.
fn rotate(keyring: &mut Keyring, rng: &mut TestRng) -> RootKeyId {
    keyring.rotate(NOW, WrapWith::Local(&local(1)), rng).unwrap()
}

/// Who has an old root key and everything that was ever stored, and not the KEK, makes keyrings of that key's time and no later ones,
/// whatever epoch stands there.
#[test]
fn a_leaked_old_root_key_makes_no_later_keyring() {
    let mut rng = TestRng::new(26);
    let mut ring = keyring(&mut rng);
    let (context, before) = (acme(), ring.encode());
    let leaked = second::active(&before, context.as_bytes(), &[1; 32]);
    rotate(&mut ring, &mut rng);
    ring.destroy(id(0)).unwrap();
    let ((name, _, old), (_, _, new)) = (second::entries(&before), second::entries(&ring.encode()));
    let made = |epoch, entries: &[second::Entry], remembered| {
        let bytes = second::keyring(name, epoch, entries, context.as_bytes(), &leaked);
        open(&bytes, remembered).map(drop)
    };
    let remembered = ring.epoch();
    assert_eq!(made(epoch(0, 7), &old, 0), Ok(()), "of its time");
    for changes in [0, 1, 2, u64::from(u32::MAX) - 1] {
        assert_eq!(made(epoch(0, changes), &old, remembered), Err(OpenKeyringError::Stale));
    }
    let wrong = Err(OpenKeyringError::Unwrap(UnwrapError::WrongKeyOrContext));
    for generation in [1, 2, u32::MAX - 1] {
        let later = epoch(generation.into(), 9);
        let differ = Err(OpenKeyringError::Malformed(DecodeError::NotCanonical));
        assert_eq!(made(later, &old, remembered), differ);
        let mut claimed = old.clone();
        claimed[0].2 = second::of_generation(claimed[0].2.clone(), generation);
        assert_eq!(made(later, &claimed, remembered), wrong, "the KEK has wrapped another head");
    }
    let unauthentic = Err(OpenKeyringError::Unauthentic);
    assert_eq!(made(epoch(1, 9), &new, remembered), unauthentic, "the MAC is the new key's");
}

/// It is the KEK that binds the generation: a service that looks at no context binds none, and then an old root key is enough.
#[test]
fn a_service_that_looks_at_no_context_binds_no_generation() {
    let mut rng = TestRng::new(43);
    for careless in [false, true] {
        let kms = Kms { careless, ..Kms::new(b"key/1") };
        let mut ring = Keyring::create(&acme(), WrapWith::Service(&kms), NOW, &mut rng).unwrap();
        let (name, _, mut entries) = second::entries(&ring.encode());
        // The key of a `Kms` is no secret: that is what has leaked.
        let leaked = *ring.wrapped().as_bytes()[20..].first_chunk::<32>().unwrap();
        let leaked = leaked.map(|byte| byte ^ 0x5a);
        ring.rotate(NOW, WrapWith::Service(&kms), &mut rng).unwrap();
        entries[0].2 = second::of_generation(entries[0].2.clone(), 9);
        let forged = second::keyring(name, epoch(9, 0), &entries, acme().as_bytes(), &leaked);
        let opened = Keyring::open(&forged, &acme(), UnwrapWith::Service(&kms), ring.epoch());
        let refused = OpenKeyringError::Unwrap(UnwrapError::Kek(KekError::Invalid));
        assert_eq!(opened.map(drop), if careless { Ok(()) } else { Err(refused) });
    }
}

/// A root key that is stored while it is pending is in the hands of whoever has the active one; one that `rotate` adds never is.
#[test]
fn a_rotation_at_once_locks_a_thief_out() {
    let mut rng = TestRng::new(27);
    let context = acme();
    let seen = |stored: &[u8], leaked: &[u8; 32]| {
        let (name, _, entries) = second::entries(stored);
        let whose = second::owned(context.as_bytes(), &name);
        let wrap = second::expand(leaked, "root-wrap", &[]);
        entries.get(1).and_then(|entry| second::unwrapped(&entry.2, 13 + 20, &whose, &wrap))
    };
    let mut ring = keyring(&mut rng);
    let leaked = second::active(&ring.encode(), context.as_bytes(), &[1; 32]);
    ring.add(NOW, &mut rng).unwrap();
    let next = seen(&ring.encode(), &leaked).unwrap();
    ring.activate(id(1), WrapWith::Local(&local(1)), &mut rng).unwrap();
    assert_eq!(next, second::active(&ring.encode(), context.as_bytes(), &[1; 32]));
    let (name, stands, entries) = second::entries(&ring.encode());
    let forged = second::keyring(name, stands + 1, &entries, context.as_bytes(), &next);
    assert_eq!(open(&forged, ring.epoch()).map(drop), Ok(()), "the thief has followed");

    let mut ring = keyring(&mut rng);
    let leaked = second::active(&ring.encode(), context.as_bytes(), &[1; 32]);
    rotate(&mut ring, &mut rng);
    let (_, _, entries) = second::entries(&ring.encode());
    assert_eq!((entries[0].0, entries[1].0), (3, 2), "nothing is pending");
    assert_eq!(seen(&ring.encode(), &leaked), None);
}

/// The KEK's wrap is of one keyring: the root key of another one of the same owner, under the same KEK, stands in for none.
#[test]
fn a_root_key_of_another_keyring_stands_in_for_none() {
    let mut rng = TestRng::new(28);
    let (ours, theirs) = (keyring(&mut rng), keyring(&mut rng));
    let context = acme();
    let (_, _, entries) = second::entries(&theirs.encode());
    let leaked = second::active(&theirs.encode(), context.as_bytes(), &[1; 32]);
    let made = |id| open(&second::keyring(id, 7, &entries, context.as_bytes(), &leaked), 0);
    assert_eq!(made(theirs.id()).map(|ring| ring.id()), Ok(theirs.id()));
    let wrong = OpenKeyringError::Unwrap(UnwrapError::WrongKeyOrContext);
    assert_eq!(made(ours.id()).map(drop), Err(wrong));
}

/// A key that was wrapped for something else, an archive's for instance, is no keyring's, though the context is the same; nor the other
/// way round.
#[test]
fn what_is_wrapped_for_something_else_is_no_keyrings() {
    let mut rng = TestRng::new(29);
    let kek = local(1);
    let with = UnwrapWith::Local(&kek);
    for context in [acme(), DataContext::new(Purpose::Archive).user(b"jane").unwrap()] {
        let ours = Keyring::create(&context, WrapWith::Local(&kek), NOW, &mut rng).unwrap();
        let wrapped = WrappedKey::new(&secret(7), &context, WrapWith::Local(&kek), &mut rng);
        let entry = (2, 0, wrapped.unwrap().as_bytes().to_vec());
        let forged = second::keyring(ours.id(), 99, &[entry], context.as_bytes(), &[7; 32]);
        let opened = Keyring::open(&forged, &context, with, ours.epoch());
        let wrong = UnwrapError::WrongKeyOrContext;
        assert_eq!(opened.map(drop), Err(OpenKeyringError::Unwrap(wrong)));
        // The first root key's numbers are those of any other key.
        let first = WrappedKey::decode(ours.wrapped().as_bytes()).unwrap();
        assert_eq!(first.open(&context, with).map(drop), Err(wrong));
    }
    let mut ring = keyring(&mut rng);
    rotate(&mut ring, &mut rng);
    let numbered = WrappedKey::decode(ring.wrapped().as_bytes());
    assert_eq!(numbered, Err(DecodeError::NotCanonical));
}

/// by a public key anybody makes a keyring, of any epoch; so it opens only as what somebody claims.
#[test]
fn what_anybody_can_have_made_is_only_claimed() {
    let mut rng = TestRng::new(30);
    let offline = RecipientKey::generate(&mut rng).unwrap();
    let public = offline.public();
    let create = |rng: &mut TestRng| {
        Keyring::create(&acme(), WrapWith::Recipient(&public), NOW, rng).unwrap()
    };
    let (ours, mut theirs) = (create(&mut rng), create(&mut rng));
    for _ in 0..9 {
        theirs.change_kek(WrapWith::Recipient(&public), &mut rng).unwrap();
    }
    let with = UnwrapWith::Recipient(&offline);
    for stored in [ours.encode(), theirs.encode(), vec![]] {
        let opened = Keyring::open(&stored, &acme(), with, 0);
        assert_eq!(opened.map(drop), Err(OpenKeyringError::MadeByAnybody));
    }
    let claimed: Result<Unauthenticated<Keyring>, _> =
        Keyring::open_claimed(&theirs.encode(), &acme(), with, ours.epoch());
    assert_eq!(claimed.unwrap().accept().id(), theirs.id(), "a stranger's, and nothing says so");
    let stale = Keyring::open_claimed(&ours.encode(), &acme(), with, 1);
    assert_eq!(stale.map(drop), Err(OpenKeyringError::Stale));
}

/// The same for a recovery code, whose public half is in the set.
#[test]
fn a_keyring_under_a_recovery_code_is_only_claimed() {
    let mut rng = TestRng::new(31);
    let whose = DataContext::new(Purpose::Archive);
    let (set, codes) = RecoverySet::create(&whose, RecoveryProfile::Long, 1, &mut rng).unwrap();
    let code = codes[0].unlock(&set.id(), RecoveryProfile::Long).unwrap();
    let to = set.recipients().next().unwrap();
    let ring = Keyring::create(&acme(), WrapWith::Code(&to), NOW, &mut rng).unwrap();
    let opened = Keyring::open(&ring.encode(), &acme(), UnwrapWith::Code(&code), 0);
    assert_eq!(opened.map(drop), Err(OpenKeyringError::MadeByAnybody));
    let claimed = Keyring::open_claimed(&ring.encode(), &acme(), UnwrapWith::Code(&code), 0);
    assert_eq!(claimed.unwrap().accept().id(), ring.id());
}

/// A process that has not opened the keyring again since the activation: for it nothing is behind what is ahead of it, and it moves nothing
/// back.
#[test]
fn a_process_that_is_behind_moves_nothing_back() {
    let mut rng = TestRng::new(38);
    let mut writer = keyring(&mut rng);
    let further_behind = reopen(&writer);
    let next = writer.add(NOW, &mut rng).unwrap();
    let behind = reopen(&writer);
    writer.activate(next, WrapWith::Local(&local(1)), &mut rng).unwrap();
    let with = WrapWith::Keyring(&writer);
    let key = WrappedKey::new(&secret(7), &email(), with, &mut rng).unwrap();
    let record = writer.seal_record(&email(), b"data", Padding::None, &mut rng).unwrap();

    assert!(!behind.needs_rewrap(&record) && !further_behind.needs_rewrap(&record));
    assert_eq!(behind.rewrap_key(&key, &email(), &mut rng), Ok(None));
    let unheard_of = further_behind.rewrap_key(&key, &email(), &mut rng);
    assert_eq!(unheard_of, Err(RewrapError::Unwrap(UnwrapError::WrongKek)));
    let opened = key.open(&email(), UnwrapWith::Keyring(&behind)).unwrap();
    assert_eq!(*opened.expose(), [7; 32], "it reads what is ahead of it");
    // It is in use no more when the old root key goes.
    writer.destroy(id(0)).unwrap();
    assert!(key.open(&email(), UnwrapWith::Keyring(&writer)).is_ok());
    assert!(writer.open_record(&email(), &record).is_ok());
}

/// Two processes that rotate at once make two keyrings under one id and epoch, and neither reads what the other has encrypted: no epoch
/// tells them apart, but the bytes do. So a state is stored in the place of the one that was read, and used after that.
#[test]
fn two_writers_at_once_are_told_apart_by_what_is_stored() {
    let mut rng = TestRng::new(39);
    let ring = keyring(&mut rng);
    let (mut one, mut other) = (reopen(&ring), reopen(&ring));
    assert_eq!(rotate(&mut one, &mut rng), rotate(&mut other, &mut rng));
    assert_eq!((one.id(), one.epoch()), (other.id(), other.epoch()));
    assert_ne!(one.encode(), other.encode());
    let record = one.seal_record(&email(), b"data", Padding::None, &mut rng).unwrap();
    let later = open(&other.encode(), one.epoch()).unwrap();
    assert_eq!(later.open_record(&email(), &record), Err(RecordError));
}

/// A keyring that was retired has epochs of its own, and passes those of the one in its place: its id does not.
#[test]
fn a_retired_keyring_is_told_by_its_id() {
    let mut rng = TestRng::new(40);
    let mut retired = keyring(&mut rng);
    rotate(&mut retired, &mut rng);
    let current = keyring(&mut rng);
    let opened = open(&retired.encode(), current.epoch()).unwrap();
    assert_eq!(opened.id(), retired.id());
    assert_ne!(opened.id(), current.id());
    let key = WrappedKey::new(&secret(7), &email(), WrapWith::Keyring(&current), &mut rng).unwrap();
    let by_retired = key.open(&email(), UnwrapWith::Keyring(&opened));
    assert_eq!(by_retired.map(drop), Err(UnwrapError::WrongKek));
}
