//! Passphrases, with feature `password`. R-104: parameters are bounded before anything is computed, and authenticated.
#![cfg(feature = "password")]

mod common;
mod second;
mod vault;

use common::{NOW, TestRng};
use confidant::limits::MAX_PASSPHRASE;
use confidant::{
    DataContext, DecodeError, KekType, Keyring, OpenKeyringError, ParametersOutOfBounds,
    Passphrase, PassphraseError, PasswordParameters, Purpose, Secret, UnwrapError, UnwrapWith,
    WrapError, WrapWith, WrappedKey,
};
use vault::{acme, local, secret};

/// The least that is allowed, so that tests are quick.
fn least() -> PasswordParameters {
    PasswordParameters::new(8 << 10, 1, 1).unwrap()
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.into()).unwrap()
}

fn context() -> DataContext {
    DataContext::new(Purpose::Archive)
}

fn wrapped(parameters: PasswordParameters, rng: &mut TestRng) -> WrappedKey {
    let passphrase = passphrase("correct horse");
    let with = WrapWith::Passphrase(&passphrase, parameters);
    WrappedKey::new(&secret(7), &context(), with, rng).unwrap()
}

fn opened(wrapped: &[u8], text: &str) -> Result<Result<[u8; 32], UnwrapError>, DecodeError> {
    let passphrase = passphrase(text);
    let wrapped = WrappedKey::decode(wrapped)?;
    let key = wrapped.open(&context(), UnwrapWith::Passphrase(&passphrase));
    Ok(key.map(|key: Secret<32>| *key.expose()))
}

/// A wrapped key with these parameters before its salt.
fn with_parameters(bytes: &[u8], version: u8, memory: u32, passes: u32, lanes: u8) -> Vec<u8> {
    let parameters =
        [&[version][..], &memory.to_be_bytes(), &passes.to_be_bytes(), &[lanes]].concat();
    [&bytes[..13], &parameters, &bytes[23..]].concat()
}

/// The right passphrase opens, with the parameters that stand there; another does not, nor the right one for something else.
#[test]
fn the_passphrase_opens() {
    let mut rng = TestRng::new(1);
    let before = rng.drawn;
    let wrapped = wrapped(least(), &mut rng);
    assert_eq!((rng.drawn - before, wrapped.as_bytes().len()), (40, 13 + 26 + 104));
    assert_eq!((wrapped.kek_type(), wrapped.kek_ref()), (KekType::Passphrase, &b""[..]));
    assert_eq!(wrapped.password_parameters(), Some(least()));
    assert_eq!(opened(wrapped.as_bytes(), "correct horse"), Ok(Ok([7; 32])));
    for wrong in ["correct horsf", "correct horse ", "c"] {
        let result = opened(wrapped.as_bytes(), wrong);
        assert_eq!(result, Ok(Err(UnwrapError::WrongKeyOrContext)), "{wrong}");
    }
    let right = passphrase("correct horse");
    let elsewhere = wrapped.open(&context().user(b"x").unwrap(), UnwrapWith::Passphrase(&right));
    assert_eq!(elsewhere.map(drop), Err(UnwrapError::WrongKeyOrContext));
    let kek = local(1);
    let by_key = wrapped.open(&context(), UnwrapWith::Local(&kek));
    assert_eq!(by_key.map(drop), Err(UnwrapError::WrongKek));
    let mut rng = TestRng::new(2);
    let by_key = WrappedKey::new(&secret(7), &context(), WrapWith::Local(&kek), &mut rng).unwrap();
    let by_passphrase = by_key.open(&context(), UnwrapWith::Passphrase(&right));
    assert_eq!(by_passphrase.map(drop), Err(UnwrapError::WrongKek));
}

/// A second implementation, with Argon2id from the crate that does nothing else, wraps what we unwrap.
#[test]
fn a_second_implementation_wraps_by_a_passphrase() {
    let salt = [4; 16];
    let params = argon2::Params::new(9 << 10, 2, 3, Some(32)).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut memory = vec![argon2::Block::new(); 9 << 10];
    let mut kek = [0; 32];
    argon2.hash_password_into_with_memory(b"correct horse", &salt, &mut kek, &mut memory).unwrap();
    let parameters = [&[0x13, 0, 0, 0x24, 0, 0, 0, 0, 2, 3][..], &salt].concat();
    let head = second::head(2, 4, 0, &[], &parameters);
    let theirs = second::wrap(&head, &second::context(4, &[]), &kek, &[9; 32]);
    assert_eq!(opened(&theirs, "correct horse"), Ok(Ok([9; 32])));
}

/// changed parameters, within bounds, do not open: another memory, pass, lane, salt.
#[test]
fn parameters_are_authenticated() {
    let mut rng = TestRng::new(3);
    let bytes = wrapped(least(), &mut rng).as_bytes().to_vec();
    assert_eq!(with_parameters(&bytes, 0x13, 8 << 10, 1, 1), bytes);
    for (memory, passes, lanes) in [(9 << 10, 1, 1), (8 << 10, 2, 1), (8 << 10, 1, 2)] {
        let changed = with_parameters(&bytes, 0x13, memory, passes, lanes);
        let result = opened(&changed, "correct horse");
        assert_eq!(result, Ok(Err(UnwrapError::WrongKeyOrContext)));
    }
    // Two memories that are computed alike (a lane has whole quarters) are told apart all the same.
    let changed = with_parameters(&bytes, 0x13, (8 << 10) + 1, 1, 1);
    assert_eq!(opened(&changed, "correct horse"), Ok(Err(UnwrapError::WrongKeyOrContext)));
    for at in [3, 7, 11, 23, 38, 39, 63, 95, 142] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert_ne!(opened(&changed, "correct horse"), Ok(Ok([7; 32])), "byte {at}");
    }
}

/// outside of the bounds nothing is computed: the largest claim would take days and four terabytes.
#[test]
fn parameters_out_of_bounds_are_refused_unread() {
    let mut rng = TestRng::new(4);
    let bytes = wrapped(least(), &mut rng).as_bytes().to_vec();
    let bad = [
        (0, 1, 1),
        (8, 1, 1),
        ((8 << 10) - 1, 1, 1),
        ((2 << 20) + 1, 1, 1),
        (u32::MAX, u32::MAX, 255),
        (8 << 10, 0, 1),
        (8 << 10, 65, 1),
        (8 << 10, u32::MAX, 1),
        (8 << 10, 1, 0),
        (8 << 10, 1, 17),
        (8 << 10, 1, 255),
    ];
    for (memory, passes, lanes) in bad {
        assert_eq!(PasswordParameters::new(memory, passes, lanes), Err(ParametersOutOfBounds));
        let claimed = with_parameters(&bytes, 0x13, memory, passes, lanes);
        let result = opened(&claimed, "correct horse");
        assert_eq!(result, Ok(Err(UnwrapError::OutOfBounds)), "{memory} {passes} {lanes}");
        assert_eq!(WrappedKey::decode(&claimed).unwrap().password_parameters(), None);
    }
    for (memory, passes, lanes) in [(8 << 10, 1, 1), (2 << 20, 64, 16)] {
        assert!(PasswordParameters::new(memory, passes, lanes).is_ok());
    }
    for version in [0, 0x10, 0x14] {
        let other = with_parameters(&bytes, version, 8 << 10, 1, 1);
        assert_eq!(opened(&other, "correct horse"), Err(DecodeError::UnsupportedVersion));
    }
}

/// Truncation at every length, before anything is computed.
#[test]
fn a_prefix_is_not_read() {
    let bytes = wrapped(least(), &mut TestRng::new(5)).as_bytes().to_vec();
    for len in 0..bytes.len() {
        assert_eq!(WrappedKey::decode(&bytes[..len]), Err(DecodeError::Truncated));
    }
}

/// Parameters of yesterday are found, and a keyring takes stronger ones while it is open.
#[test]
fn weak_parameters_are_upgraded_on_opening() {
    let mut rng = TestRng::new(6);
    let passphrase = passphrase("correct horse");
    let [weak, policy] = [least(), PasswordParameters::new(9 << 10, 2, 1).unwrap()];
    let with = WrapWith::Passphrase(&passphrase, weak);
    let mut keyring = Keyring::create(&acme(), with, NOW, &mut rng).unwrap();
    assert!(keyring.wrapped().needs_upgrade(policy) && !keyring.wrapped().needs_upgrade(weak));
    keyring.change_kek(WrapWith::Passphrase(&passphrase, policy), &mut rng).unwrap();
    let stored = keyring.encode();
    let open = |passphrase: &Passphrase| {
        Keyring::open(&stored, &acme(), UnwrapWith::Passphrase(passphrase), 1 << 32)
    };
    let keyring = open(&passphrase).unwrap();
    assert_eq!(keyring.wrapped().password_parameters(), Some(policy));
    assert!(!keyring.wrapped().needs_upgrade(policy));
    let wrong = open(&Passphrase::new(b"wrong".to_vec()).unwrap());
    assert_eq!(wrong.map(drop), Err(OpenKeyringError::Unwrap(UnwrapError::WrongKeyOrContext)));

    let bytes = wrapped(least(), &mut rng).as_bytes().to_vec();
    let policy = PasswordParameters::new(64 << 10, 3, 2).unwrap();
    let needs = |memory, passes, lanes| {
        let claimed = with_parameters(&bytes, 0x13, memory, passes, lanes);
        WrappedKey::decode(&claimed).unwrap().needs_upgrade(policy)
    };
    assert!(needs((64 << 10) - 1, 64, 16) && needs(2 << 20, 2, 16));
    assert!(!needs(64 << 10, 3, 1), "lanes are no strength");
    assert!(!needs(u32::MAX, 1, 1), "what is out of bounds does not open in the first place");
    let mobile = wrapped(PasswordParameters::MOBILE, &mut rng);
    assert!(mobile.needs_upgrade(PasswordParameters::default()));
    assert!(!mobile.needs_upgrade(PasswordParameters::MOBILE));
}

/// How long a stored keyring's passphrase is stretched is known before it is asked for.
#[test]
fn the_parameters_of_a_keyring_are_read_before_it_is_opened() {
    let mut rng = TestRng::new(8);
    let passphrase = passphrase("correct horse");
    let with = WrapWith::Passphrase(&passphrase, least());
    let stored = Keyring::create(&acme(), with, NOW, &mut rng).unwrap().encode();
    let read = |stored: &[u8]| Keyring::wrapped_in(stored).unwrap();
    assert_eq!(read(&stored).kek_type(), KekType::Passphrase);
    assert_eq!(read(&stored).password_parameters(), Some(least()));
    // Passes, in the wrapped key of the first entry.
    let mut claimed = stored;
    claimed[30 + 11 + 13 + 5] = 0xff;
    assert_eq!(read(&claimed).password_parameters(), None);
    let opened = Keyring::open(&claimed, &acme(), UnwrapWith::Passphrase(&passphrase), 0);
    assert_eq!(opened.map(drop), Err(OpenKeyringError::Unwrap(UnwrapError::OutOfBounds)));
}

/// What is no passphrase, and what is shown of one.
#[test]
fn passphrases_have_a_length() {
    let of = |len: usize| Passphrase::new(vec![b'x'; len]).map(drop);
    assert_eq!(of(0), Err(PassphraseError::Empty));
    assert_eq!((of(1), of(MAX_PASSPHRASE)), (Ok(()), Ok(())));
    assert_eq!(of(MAX_PASSPHRASE + 1), Err(PassphraseError::TooLong));
    assert_eq!(format!("{:?}", passphrase("correct horse")), "Passphrase(..)");
}

/// a failing generator, at either draw.
#[test]
fn a_failing_generator_wraps_nothing() {
    for draw in 0..2 {
        let mut rng = TestRng::new(7);
        rng.fail_at = Some(draw);
        let passphrase = passphrase("correct horse");
        let with = WrapWith::Passphrase(&passphrase, least());
        let made = WrappedKey::new(&secret(7), &context(), with, &mut rng);
        assert_eq!(made, Err(WrapError::Randomness));
    }
}
