//! Wrapped keys: one KEK is tried, everything before the body is authenticated, and what a service says is handed on.

mod common;
mod second;
mod vault;

use common::TestRng;
use confidant::limits::{MAX_KEK_BLOB, MAX_KEK_REF};
use confidant::{
    DataContext, DecodeError, KekError, KekType, LocalKek, Purpose, Recipient, RecipientKey,
    ReferenceTooLong, RewrapError, RootKeyId, Secret, UnwrapError, UnwrapWith, WrapError, WrapWith,
    WrappedKey,
};
use vault::{Kms, flips, keyring, local, reopen, secret, wait};

/// What the keys of these tests are for.
fn file() -> DataContext {
    DataContext::new(Purpose::File).tenant(b"acme").unwrap().object(b"plan.pdf").unwrap()
}

fn exposed(key: Result<Secret<32>, UnwrapError>) -> Result<[u8; 32], UnwrapError> {
    key.map(|key| *key.expose())
}

/// A key of 7s, wrapped.
fn wrapped(with: WrapWith<'_>, rng: &mut TestRng) -> WrappedKey {
    WrappedKey::new(&secret(7), &file(), with, rng).unwrap()
}

/// A recipient's pair, of a secret that the second implementation knows.
fn pair(byte: u8) -> RecipientKey {
    RecipientKey::from_secret(secret(byte))
}

/// Each KEK opens what it wrapped, after a way through bytes; what is drawn and how long it is, is as written down.
#[test]
fn every_kek_opens_what_it_wrapped() {
    let mut rng = TestRng::new(1);
    let (kek, recipient, kms, ring) = (local(1), pair(2), Kms::new(b"key/1"), keyring(&mut rng));
    let cases = [
        (WrapWith::Local(&kek), UnwrapWith::Local(&kek), KekType::Local, 24, 13 + 6 + 104),
        (
            WrapWith::Recipient(&recipient.public()),
            UnwrapWith::Recipient(&recipient),
            KekType::Recipient,
            56,
            13 + 8 + 32 + 104,
        ),
        (WrapWith::Service(&kms), UnwrapWith::Service(&kms), KekType::Service, 0, 13 + 5 + 2 + 64),
        (WrapWith::Keyring(&ring), UnwrapWith::Keyring(&ring), KekType::Local, 24, 13 + 20 + 104),
    ];
    for (with, by, kek_type, drawn, len) in cases {
        let before = rng.drawn;
        let wrapped = wrapped(with, &mut rng);
        assert_eq!((rng.drawn - before, wrapped.as_bytes().len()), (drawn, len), "{kek_type:?}");
        assert_eq!((wrapped.kek_type(), wrapped.purpose()), (kek_type, Purpose::File));
        let read = WrappedKey::decode(wrapped.as_bytes()).unwrap();
        assert_eq!(read, wrapped);
        assert_eq!(read.kek_ref(), wrapped.kek_ref());
        assert_eq!(exposed(read.open(&file(), by)), Ok([7; 32]), "{kek_type:?}");
        assert_eq!(read.password_parameters(), None);
        assert!(!read.needs_upgrade(confidant::PasswordParameters::EXPORT));
    }
}

/// The bytes are what the specification says, by a second implementation in both directions.
#[test]
fn a_second_implementation_wraps_and_unwraps() {
    let mut rng = TestRng::new(2);
    let context = second::context(2, &[(1, b"acme"), (4, b"plan.pdf")]);
    assert_eq!(file().as_bytes(), context);

    let kek = local(1);
    let head = second::head(1, 2, 0, b"device", &[]);
    let ours = wrapped(WrapWith::Local(&kek), &mut rng);
    assert_eq!(second::unwrapped(ours.as_bytes(), head.len(), &context, &[1; 32]), Some([7; 32]));
    let theirs = second::wrap(&head, &context, &[1; 32], &[9; 32]);
    let theirs = WrappedKey::decode(&theirs).unwrap();
    assert_eq!(exposed(theirs.open(&file(), UnwrapWith::Local(&kek))), Ok([9; 32]));

    let (recipient, theirs) = (second::public([2; 32]), second::public([3; 32]));
    let reference = second::sha256("recipient/reference", &[&recipient])[..8].to_vec();
    let ours = wrapped(WrapWith::Recipient(&pair(2).public()), &mut rng);
    let ours = ours.as_bytes();
    let ephemeral: [u8; 32] = ours[21..53].try_into().unwrap();
    assert_eq!(ours[..53], second::head(4, 2, 0, &reference, &ephemeral));
    let kek = second::agreed("recipient/wrap", [2; 32], ephemeral, &[&ephemeral, &recipient]);
    assert_eq!(second::unwrapped(ours, 53, &context, &kek), Some([7; 32]));
    let kek = second::agreed("recipient/wrap", [3; 32], recipient, &[&theirs, &recipient]);
    let head = second::head(4, 2, 0, &reference, &theirs);
    let theirs = WrappedKey::decode(&second::wrap(&head, &context, &kek, &[9; 32])).unwrap();
    assert_eq!(exposed(theirs.open(&file(), UnwrapWith::Recipient(&pair(2)))), Ok([9; 32]));

    let kms = Kms::new(b"key/1");
    wrapped(WrapWith::Service(&kms), &mut rng);
    let aad = second::sha256("service/aad", &[&second::head(5, 2, 0, b"key/1", &[]), &context]);
    assert_eq!(*kms.asked.borrow(), [aad]);
}

/// A key that was wrapped with something else is told from one that does not open, and nothing is tried.
#[test]
fn exactly_one_kek_is_tried() {
    let mut rng = TestRng::new(3);
    let (kek, recipient, kms) = (local(1), pair(2), Kms::new(b"key/1"));
    let (ring, other_ring) = (keyring(&mut rng), keyring(&mut rng));
    let elsewhere = LocalKek::new(b"elsewhere", secret(1)).unwrap();
    let other_kms = Kms::new(b"key/2");
    let all = [
        wrapped(WrapWith::Local(&kek), &mut rng),
        wrapped(WrapWith::Recipient(&recipient.public()), &mut rng),
        wrapped(WrapWith::Service(&kms), &mut rng),
        wrapped(WrapWith::Keyring(&ring), &mut rng),
    ];
    let (stranger, asked) = (pair(3), kms.times_asked());
    let others = [
        (0, UnwrapWith::Local(&elsewhere)),
        (0, UnwrapWith::Recipient(&recipient)),
        (0, UnwrapWith::Service(&kms)),
        (0, UnwrapWith::Keyring(&ring)),
        (1, UnwrapWith::Local(&kek)),
        (1, UnwrapWith::Recipient(&stranger)),
        (1, UnwrapWith::Service(&kms)),
        (2, UnwrapWith::Local(&kek)),
        (2, UnwrapWith::Service(&other_kms)),
        (2, UnwrapWith::Keyring(&ring)),
        (3, UnwrapWith::Local(&kek)),
        (3, UnwrapWith::Keyring(&other_ring)),
    ];
    for (i, (which, with)) in others.into_iter().enumerate() {
        assert_eq!(exposed(all[which].open(&file(), with)), Err(UnwrapError::WrongKek), "case {i}");
    }
    assert_eq!((kms.times_asked(), other_kms.times_asked()), (asked, 0), "no service was asked");
    // The right name, and another key behind it.
    let impostor = local(2);
    let opened = all[0].open(&file(), UnwrapWith::Local(&impostor));
    assert_eq!(exposed(opened), Err(UnwrapError::WrongKeyOrContext));
}

/// Another context does not open, whatever has wrapped the key; a service is asked with another hash, and not at all for another purpose.
#[test]
fn keys_are_bound_to_their_context() {
    let mut rng = TestRng::new(4);
    let (kek, recipient, kms, ring) = (local(1), pair(2), Kms::new(b"key/1"), keyring(&mut rng));
    let public = recipient.public();
    let wrong = UnwrapError::WrongKeyOrContext;
    let cases = [
        (WrapWith::Local(&kek), UnwrapWith::Local(&kek), wrong),
        (WrapWith::Recipient(&public), UnwrapWith::Recipient(&recipient), wrong),
        (WrapWith::Service(&kms), UnwrapWith::Service(&kms), UnwrapError::Kek(KekError::Invalid)),
        (WrapWith::Keyring(&ring), UnwrapWith::Keyring(&ring), wrong),
    ];
    let others = [
        file().user(b"jane").unwrap(),
        DataContext::new(Purpose::File).tenant(b"acme").unwrap().object(b"plan.pdg").unwrap(),
    ];
    let media =
        DataContext::new(Purpose::Media).tenant(b"acme").unwrap().object(b"plan.pdf").unwrap();
    for (with, by, error) in cases {
        let wrapped = wrapped(with, &mut rng);
        for other in &others {
            assert_eq!(exposed(wrapped.open(other, by)), Err(error));
        }
        assert_eq!(exposed(wrapped.open(&media, by)), Err(wrong));
    }
    let mut asked = kms.asked.borrow().clone();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked.len(), 1 + others.len());
}

/// What a wrapped key says it is for is what it is for: somebody who has wrapped it for one thing cannot say another.
#[test]
fn the_purpose_in_the_head_is_the_contexts() {
    let context = second::context(2, &[(1, b"acme"), (4, b"plan.pdf")]);
    let kek = local(1);
    let said = |purpose| {
        let head = second::head(1, purpose, 0, b"device", &[]);
        let wrapped = second::wrap(&head, &context, &[1; 32], &[9; 32]);
        let wrapped = WrappedKey::decode(&wrapped).unwrap();
        exposed(wrapped.open(&file(), UnwrapWith::Local(&kek)))
    };
    assert_eq!(said(2), Ok([9; 32]));
    for purpose in [1, 3, 4, 5, 6, 7, 8, 9] {
        assert_eq!(said(purpose), Err(UnwrapError::WrongKeyOrContext), "purpose {purpose}");
    }
    // The same by what is public, and by a service: it is not asked.
    let (ephemeral, recipient) = (second::public([3; 32]), second::public([2; 32]));
    let reference = &second::sha256("recipient/reference", &[&recipient])[..8];
    let agreed = second::agreed("recipient/wrap", [3; 32], recipient, &[&ephemeral, &recipient]);
    let head = second::head(4, 5, 0, reference, &ephemeral);
    let wrapped = WrappedKey::decode(&second::wrap(&head, &context, &agreed, &[9; 32])).unwrap();
    assert_eq!(wrapped.purpose(), Purpose::Keyring);
    let opened = wrapped.open(&file(), UnwrapWith::Recipient(&pair(2)));
    assert_eq!(exposed(opened), Err(UnwrapError::WrongKeyOrContext));
}

/// The same by a service, waited for or not: it is not even asked.
#[test]
fn a_service_is_not_asked_for_another_purpose() {
    let kms = Kms { careless: true, ..Kms::new(b"key/1") };
    let keyrings = DataContext::new(Purpose::Keyring).tenant(b"acme").unwrap();
    let (made, _) = wait(WrappedKey::new_async(&secret(7), &keyrings, &kms));
    let made = made.unwrap();
    let opened = made.open(&file(), UnwrapWith::Service(&kms));
    assert_eq!(exposed(opened), Err(UnwrapError::WrongKeyOrContext));
    let (opened, _) = wait(made.open_async(&file(), &kms));
    assert_eq!(exposed(opened), Err(UnwrapError::WrongKeyOrContext));
    assert_eq!(kms.times_asked(), 1);
}

/// One changed bit anywhere, in whatever the key was wrapped with, and it does not open; a proper prefix, or a byte more, is not even read.
#[test]
fn whatever_was_changed_does_not_open() {
    let mut rng = TestRng::new(5);
    let (kek, recipient, kms, ring) = (local(1), pair(2), Kms::new(b"key/1"), keyring(&mut rng));
    let public = recipient.public();
    let cases = [
        (WrapWith::Local(&kek), UnwrapWith::Local(&kek)),
        (WrapWith::Recipient(&public), UnwrapWith::Recipient(&recipient)),
        (WrapWith::Service(&kms), UnwrapWith::Service(&kms)),
        (WrapWith::Keyring(&ring), UnwrapWith::Keyring(&ring)),
    ];
    for (with, by) in cases {
        let wrapped = wrapped(with, &mut rng);
        let bytes = wrapped.as_bytes();
        for (bit, changed) in flips(bytes) {
            let opened = WrappedKey::decode(&changed).map(|key| exposed(key.open(&file(), by)));
            assert!(!matches!(opened, Ok(Ok(_))), "{:?}, bit {bit}", wrapped.kek_type());
        }
        for len in 0..bytes.len() {
            assert_eq!(
                WrappedKey::decode(&bytes[..len]),
                Err(DecodeError::Truncated),
                "{len} bytes"
            );
        }
        let longer = [bytes, &[0]].concat();
        assert_eq!(WrappedKey::decode(&longer), Err(DecodeError::TrailingBytes));
    }
}

/// What is wrong in a head, by name.
#[test]
fn heads_have_one_encoding() {
    let mut rng = TestRng::new(6);
    let good = wrapped(WrapWith::Recipient(&pair(2).public()), &mut rng).as_bytes().to_vec();
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        WrappedKey::decode(&bytes).map(drop)
    };
    assert_eq!(changed(0, 0xb2), Err(DecodeError::WrongKind));
    for kek_type in [0, 6, 255] {
        assert_eq!(changed(1, kek_type), Err(DecodeError::UnsupportedVersion));
    }
    for purpose in [0, 10, 255] {
        assert_eq!(changed(2, purpose), Err(DecodeError::UnsupportedVersion));
    }
    for flags in [1, 0x80] {
        assert_eq!(changed(3, flags), Err(DecodeError::InvalidFlags));
    }
    for (at, what) in [(7, "a number"), (4, "a number"), (11, "an epoch"), (8, "an epoch")] {
        assert_eq!(changed(at, 1), Err(DecodeError::NotCanonical), "{what}");
    }
    // The ephemeral key: bit 255, and a point of small order.
    assert_eq!(changed(52, 0xff), Err(DecodeError::InvalidKey));
    let mut bytes = good.clone();
    bytes[21..53].fill(0);
    assert_eq!(WrappedKey::decode(&bytes), Err(DecodeError::InvalidKey));
}

/// What has no name has none, what is public has one of 8 bytes, and what has a name has a short one.
#[test]
fn references_have_the_length_of_their_type() {
    let key = second::public([3; 32]);
    let parameters: [&[u8]; 5] = [
        &[],
        &[&[0x13, 0, 0, 0x20, 0, 0, 0, 0, 1, 1][..], &[0; 16]].concat(),
        &[&[5; 17][..], &key].concat(),
        &key,
        &[],
    ];
    let read = |kek_type: u8, len: usize| {
        let head = second::head(kek_type, 4, 0, &vec![7; len], parameters[kek_type as usize - 1]);
        let body = if kek_type == 5 { [0; 2].to_vec() } else { vec![0; 104] };
        WrappedKey::decode(&[head, body].concat()).map(|key| key.kek_ref().len())
    };
    for (kek_type, right) in [(1, 0..=64), (2, 0..=0), (3, 0..=0), (4, 8..=8), (5, 0..=64)] {
        let wrong = match kek_type {
            1 | 5 => DecodeError::TooLong,
            _ => DecodeError::NotCanonical,
        };
        for len in 0..=255 {
            let expected = if right.contains(&len) { Ok(len) } else { Err(wrong) };
            assert_eq!(read(kek_type, len), expected, "type {kek_type}, {len} bytes");
        }
    }
}

/// A recovery code's key, too, must be one; who opens it comes with recovery sets.
#[test]
fn a_key_for_a_recovery_code_is_read() {
    let ephemeral = second::public([3; 32]);
    let of = |ephemeral: &[u8]| {
        let head = second::head(3, 4, 0, &[], &[&[8; 16][..], &[5], ephemeral].concat());
        WrappedKey::decode(&second::wrap(&head, &[], &[1; 32], &[9; 32]))
    };
    let read = of(&ephemeral).unwrap();
    assert_eq!((read.kek_type(), read.purpose()), (KekType::RecoveryCode, Purpose::Archive));
    assert_eq!(of(&[0; 32]), Err(DecodeError::InvalidKey));
    let opened = read.open(&DataContext::new(Purpose::Archive), UnwrapWith::Recipient(&pair(2)));
    assert_eq!(exposed(opened), Err(UnwrapError::WrongKek));
}

/// recipients, too, are canonical points of large order.
#[test]
fn a_bad_recipient_is_refused() {
    let good = pair(2).public();
    assert_eq!(Recipient::from_bytes(&good.to_bytes()), Ok(good));
    assert_eq!(Recipient::from_bytes(&[0; 32]), Err(confidant::InvalidKey));
    assert_eq!(Recipient::from_bytes(&[0xff; 32]), Err(confidant::InvalidKey));
}

/// What a service says is what the caller is told, on both ways, waited for or not.
#[test]
fn what_a_service_says_is_handed_on() {
    let mut rng = TestRng::new(7);
    let kms = Kms::new(b"key/1");
    let wrapped = wrapped(WrapWith::Service(&kms), &mut rng);
    for error in [KekError::Unavailable, KekError::Denied, KekError::Invalid] {
        kms.fails.set(Some(error));
        let made = WrappedKey::new(&secret(7), &file(), WrapWith::Service(&kms), &mut rng);
        assert_eq!(made, Err(WrapError::Kek(error)));
        let opened = wrapped.open(&file(), UnwrapWith::Service(&kms));
        assert_eq!(exposed(opened), Err(UnwrapError::Kek(error)));
        let (made, _) = wait(WrappedKey::new_async(&secret(7), &file(), &kms));
        assert_eq!(made, Err(WrapError::Kek(error)));
        let (opened, _) = wait(wrapped.open_async(&file(), &kms));
        assert_eq!(exposed(opened), Err(UnwrapError::Kek(error)));
    }
    kms.fails.set(None);
    assert_eq!(exposed(wrapped.open(&file(), UnwrapWith::Service(&kms))), Ok([7; 32]));
}

/// A service that is slow is the caller's to wait for: nothing here waits by itself, asks again, or needs a runtime.
#[test]
fn a_slow_service_is_waited_for() {
    let kms = Kms { slow: 5, ..Kms::new(b"key/1") };
    let (made, waited) = wait(WrappedKey::new_async(&secret(7), &file(), &kms));
    let made = made.unwrap();
    assert_eq!((waited, kms.times_asked()), (5, 1));
    let (opened, waited) = wait(made.open_async(&file(), &kms));
    assert_eq!((exposed(opened), waited, kms.times_asked()), (Ok([7; 32]), 5, 2));
    let same = made.open(&file(), UnwrapWith::Service(&kms));
    assert_eq!(exposed(same), Ok([7; 32]), "waited for or not, it is the same key");
    let (other, _) = wait(made.open_async(&file(), &Kms::new(b"key/2")));
    assert_eq!(exposed(other), Err(UnwrapError::WrongKek));
}

/// Names and answers that are too long.
#[test]
fn a_service_has_bounds() {
    let mut rng = TestRng::new(8);
    let longest = vec![b'k'; MAX_KEK_REF];
    let too_long = vec![b'k'; MAX_KEK_REF + 1];
    assert!(LocalKek::new(&longest, secret(1)).is_ok());
    assert_eq!(LocalKek::new(&too_long, secret(1)).map(drop), Err(ReferenceTooLong));
    let kms = Kms::new(&too_long);
    let made = WrappedKey::new(&secret(7), &file(), WrapWith::Service(&kms), &mut rng);
    assert_eq!((made, kms.times_asked()), (Err(WrapError::ReferenceTooLong), 0));

    let kms = Kms { padding: MAX_KEK_BLOB - 64, ..Kms::new(&longest) };
    let made = WrappedKey::new(&secret(7), &file(), WrapWith::Service(&kms), &mut rng).unwrap();
    let read = WrappedKey::decode(made.as_bytes()).unwrap();
    assert_eq!(exposed(read.open(&file(), UnwrapWith::Service(&kms))), Ok([7; 32]));
    for len in [MAX_KEK_BLOB + 1, 65_535, 65_536, 1 << 20] {
        let kms = Kms { padding: len - 64, ..Kms::new(&longest) };
        let made = WrappedKey::new(&secret(7), &file(), WrapWith::Service(&kms), &mut rng);
        assert_eq!(made, Err(WrapError::Kek(KekError::Invalid)), "{len}");
        let (made, _) = wait(WrappedKey::new_async(&secret(7), &file(), &kms));
        assert_eq!(made, Err(WrapError::Kek(KekError::Invalid)), "{len}");
    }
}

/// nor is an answer read that is longer than one that is stored.
#[test]
fn a_longer_answer_is_not_read() {
    let head = second::head(5, 4, 0, b"k", &[]);
    let read = |len: usize| {
        let claimed = (len as u16).to_be_bytes();
        WrappedKey::decode(&[&head[..], &claimed, &vec![0; len]].concat()).map(drop)
    };
    assert_eq!((read(0), read(MAX_KEK_BLOB)), (Ok(()), Ok(())));
    assert_eq!(read(MAX_KEK_BLOB + 1), Err(DecodeError::TooLong));
    assert_eq!(read(65_535), Err(DecodeError::TooLong));
}

/// a failing generator is an error, at each draw.
#[test]
fn a_failing_generator_wraps_nothing() {
    let mut rng = TestRng::new(9);
    let (kek, public) = (local(1), pair(2).public());
    for (with, draws) in [(WrapWith::Local(&kek), 1), (WrapWith::Recipient(&public), 2)] {
        for draw in 0..draws {
            rng.fail_at = Some(rng.draws + draw);
            let made = WrappedKey::new(&secret(7), &file(), with, &mut rng);
            assert_eq!(made, Err(WrapError::Randomness));
        }
        rng.fail_at = None;
    }
}

/// After a rotation wrapped keys are wrapped again, and what they encrypted is not looked at: keys are the same.
#[test]
fn many_keys_are_wrapped_again_without_their_data() {
    let mut rng = TestRng::new(10);
    let mut ring = keyring(&mut rng);
    let mut rows: Vec<(DataContext, WrappedKey)> = (0..300_u32)
        .map(|i| {
            let context = DataContext::new(Purpose::File).object(&i.to_be_bytes()).unwrap();
            let key = Secret::init_with(|key| key[..4].copy_from_slice(&i.to_be_bytes()));
            let wrapped = WrappedKey::new(&key, &context, WrapWith::Keyring(&ring), &mut rng);
            (context, wrapped.unwrap())
        })
        .collect();
    let before = ring.active();
    ring.rotate(common::NOW, WrapWith::Local(&local(1)), &mut rng).unwrap();
    for (context, wrapped) in &mut rows {
        *wrapped = ring.rewrap_key(wrapped, context, &mut rng).unwrap().unwrap();
        assert_eq!(ring.rewrap_key(wrapped, context, &mut rng), Ok(None), "it is the active one's");
    }
    ring.destroy(before).unwrap();
    let ring = reopen(&ring);
    for (i, (context, wrapped)) in (0_u32..).zip(&rows) {
        let key = wrapped.open(context, UnwrapWith::Keyring(&ring)).unwrap();
        assert_eq!(key.expose()[..4], i.to_be_bytes());
    }
}

/// A key whose root key has been destroyed is gone, and that is said.
#[test]
fn a_destroyed_root_key_is_named() {
    let mut rng = TestRng::new(11);
    let mut ring = keyring(&mut rng);
    let key = wrapped(WrapWith::Keyring(&ring), &mut rng);
    let before = ring.active();
    ring.rotate(common::NOW, WrapWith::Local(&local(1)), &mut rng).unwrap();
    ring.destroy(before).unwrap();
    let ring = reopen(&ring);
    let opened = key.open(&file(), UnwrapWith::Keyring(&ring));
    assert_eq!(exposed(opened), Err(UnwrapError::Destroyed));
    let again = ring.rewrap_key(&key, &file(), &mut rng);
    assert_eq!(again, Err(RewrapError::Unwrap(UnwrapError::Destroyed)));
}

/// `Destroyed` is said of a name, before anything is authenticated: whoever stores the key can make it be said, and the key opens again
/// when it has its name back. It is said of keys alone that a keyring can have wrapped.
#[test]
fn destroyed_is_said_of_a_name() {
    let mut rng = TestRng::new(13);
    let mut ring = keyring(&mut rng);
    ring.rotate(common::NOW, WrapWith::Local(&local(1)), &mut rng).unwrap();
    ring.destroy(RootKeyId::from_number(0)).unwrap();
    let good = wrapped(WrapWith::Keyring(&ring), &mut rng).as_bytes().to_vec();
    let open = |bytes: &[u8]| {
        exposed(WrappedKey::decode(bytes).unwrap().open(&file(), UnwrapWith::Keyring(&ring)))
    };
    let mut renamed = good.clone();
    renamed[13 + 19] = 0;
    assert_eq!(open(&renamed), Err(UnwrapError::Destroyed));
    renamed[13 + 19] = 2;
    assert_eq!(open(&renamed), Err(UnwrapError::WrongKek), "there never was one");
    renamed[13 + 19] = 1;
    assert_eq!(open(&renamed), Ok([7; 32]));

    let kms = Kms::new(&[&ring.id()[..], &[0; 4]].concat());
    let by_service = wrapped(WrapWith::Service(&kms), &mut rng);
    assert_eq!(open(by_service.as_bytes()), Err(UnwrapError::WrongKek));
}

/// What the keyring has not wrapped it does not wrap again.
#[test]
fn only_its_own_keys_are_wrapped_again() {
    let mut rng = TestRng::new(14);
    let (ring, other) = (keyring(&mut rng), keyring(&mut rng));
    let (kek, recipient) = (local(1), pair(2).public());
    for with in [WrapWith::Local(&kek), WrapWith::Recipient(&recipient), WrapWith::Keyring(&other)]
    {
        let (key, drawn) = (wrapped(with, &mut rng), rng.drawn);
        let again = ring.rewrap_key(&key, &file(), &mut rng);
        assert_eq!(again, Err(RewrapError::Unwrap(UnwrapError::WrongKek)));
        assert_eq!(rng.drawn, drawn);
    }
}

/// nothing secret is printed.
#[test]
fn keys_print_nothing_of_themselves() {
    let mut rng = TestRng::new(12);
    let kek = local(0xab);
    let reference = format!("{:?}", b"device");
    assert_eq!(
        format!("{kek:?}"),
        format!("LocalKek {{ reference: {reference}, key: Secret<32>(..) }}")
    );
    let pair = pair(2);
    assert_eq!(format!("{pair:?}"), format!("RecipientKey {{ public: {:?}, .. }}", pair.public()));
    let wrapped = wrapped(WrapWith::Local(&kek), &mut rng);
    assert_eq!(format!("{wrapped:?}"), "WrappedKey(Local, File, key 0, epoch 0, 123 bytes)");
}
