//! The header of a file in the attached form: who can open it, and what becomes of one that was changed.

mod common;
#[path = "vault/files.rs"]
mod files;
mod second;
mod vault;

use common::{NOW, TestRng};
use confidant::limits::{MAX_FILE_HEADER, MAX_FILE_RECIPIENTS, MAX_KEK_BLOB};
use confidant::{
    DataContext, DecodeError, FileError, FileHeader, FileInfo, FileKey, FileRecipients,
    FileRecipientsError, KekError, LocalKek, OpenedFileHeader, Padding, Purpose, RecipientKey,
    RecoveryProfile, RecoverySet, UnwrapError, UnwrapWith, WrapError, WrapWith, WrappedKey,
};
use files::{PADDINGS, key, photo};
use vault::{Kms, flips, keyring, local, secret};

const LEN: usize = 640;

fn file(padding: Padding) -> (FileInfo, Vec<u8>) {
    key().seal(&photo(), b"a picture", padding, &mut TestRng::new(3)).unwrap()
}

/// For `local(1)`.
fn recipients() -> FileRecipients {
    files::recipients(LEN)
}

fn header() -> Vec<u8> {
    recipients().header(&file(Padding::None).0)
}

fn open(header: &[u8], with: UnwrapWith<'_>) -> Result<OpenedFileHeader, FileError> {
    FileHeader::decode(header)?.open(&photo(), with)
}

fn opens(header: &[u8], with: UnwrapWith<'_>) -> Result<(), FileError> {
    open(header, with).map(|_| ())
}

/// The header with the MAC that the file's key gives it.
fn signed(mut header: Vec<u8>) -> Vec<u8> {
    let derived: [u8; 40] = second::expand(&[7; 32], "file/header", &header[8..24]);
    let end = header.len() - 32;
    let mac = second::hmac(derived[..32].try_into().unwrap(), &header[..end]);
    header[end..].copy_from_slice(&mac);
    header
}

/// The header of [`file`] with these for wrapped keys.
fn with_entries(entries: &[&[u8]]) -> Vec<u8> {
    let mut header = header();
    let end = header.len() - 32;
    let mut out = vec![entries.len() as u8];
    for entry in entries {
        out.extend((entry.len() as u16).to_be_bytes());
        out.extend(*entry);
    }
    header[32..end].fill(0);
    header[32..32 + out.len()].copy_from_slice(&out);
    signed(header)
}

/// the header as it is specified, made a second time.
#[test]
fn the_header_is_as_specified() {
    for (padding, flags) in PADDINGS.into_iter().zip([0, 0x80]) {
        let (info, _) = file(padding);
        let header = recipients().header(&info);
        let wrapped = recipients().as_slice()[0].as_bytes().to_vec();
        let derived: [u8; 40] = second::expand(&[7; 32], "file/header", &info.id().to_bytes());
        let mask = u64::from_be_bytes(derived[32..].try_into().unwrap());
        let mut expected = [b"EFC1", &[1, flags, 2, 0x80][..], &info.id().to_bytes()].concat();
        expected.extend((9 ^ mask).to_be_bytes());
        expected.extend([1, 0, wrapped.len() as u8]);
        expected.extend(&wrapped);
        expected.resize(LEN - 32, 0);
        expected.extend(second::hmac(derived[..32].try_into().unwrap(), &expected));
        assert_eq!(header, expected);
        assert_eq!(FileHeader::len_of(header.first_chunk().unwrap()), Ok(LEN));
        let opened = open(&header, UnwrapWith::Local(&local(1))).unwrap();
        assert_eq!((*opened.info(), opened.encode()), (info, header));
    }
}

/// header and body go together by the key and the name.
#[test]
fn the_header_of_another_file() {
    let (_, body) = file(Padding::None);
    let begin = body.first_chunk().unwrap();
    let ours = open(&header(), UnwrapWith::Local(&local(1))).unwrap();
    let mut chunk = body[56..].to_vec();
    let opener = ours.opener(begin).unwrap();
    assert_eq!(opener.open_chunk(0, &mut chunk).unwrap(), b"a picture");

    // Of another file of the same key, and of another key.
    for (other, rng) in [(secret(7), 4), (secret(8), 3)] {
        let other = FileKey::from_secret(other);
        let sealed = other.seal(&photo(), b"a picture", Padding::None, &mut TestRng::new(rng));
        let mut recipients = FileRecipients::new(other, &photo(), LEN);
        recipients.add(WrapWith::Local(&local(1)), &mut TestRng::new(5)).unwrap();
        let header = recipients.header(&sealed.unwrap().0);
        let opened = open(&header, UnwrapWith::Local(&local(1))).unwrap();
        let refused = opened.opener(begin).map(|_| ());
        assert_eq!(refused, Err(FileError::WrongKeyOrContext));
        // Its recipients do not fit into our header.
        let mut mixed = self::header();
        mixed[32..LEN - 32].copy_from_slice(&header[32..LEN - 32]);
        if mixed != self::header() {
            let refused = opens(&mixed, UnwrapWith::Local(&local(1)));
            assert_eq!(refused, Err(FileError::UnauthenticHeader));
        }
    }
}

/// what belongs somewhere else is not opened.
#[test]
fn the_wrong_context_or_key() {
    let decoded = FileHeader::decode(&header()).unwrap();
    let other = photo().object_version(2).unwrap();
    let with_key = |byte| decoded.clone().open(&photo(), UnwrapWith::Local(&local(byte)));
    let refused = decoded.clone().open(&other, UnwrapWith::Local(&local(1))).map(|_| ());
    assert_eq!(refused, Err(FileError::Unwrap(UnwrapError::WrongKeyOrContext)));
    let refused = with_key(2).map(|_| ());
    assert_eq!(refused, Err(FileError::Unwrap(UnwrapError::WrongKeyOrContext)));
    let elsewhere = LocalKek::new(b"another", secret(1)).unwrap();
    let refused = opens(&header(), UnwrapWith::Local(&elsewhere));
    assert_eq!(refused, Err(FileError::Unwrap(UnwrapError::WrongKek)));
    let refused = decoded.open_with_key(&photo(), FileKey::from_secret(secret(8))).map(|_| ());
    assert_eq!(refused, Err(FileError::UnauthenticHeader));
}

/// no bit of a header can be changed, and nothing of it is believed before the MAC.
#[test]
fn flipped_bits_of_the_header() {
    for (bit, changed) in flips(&header()) {
        let error = match FileHeader::decode(&changed) {
            Ok(decoded) => decoded.open_with_key(&photo(), key()).map(|_| ()).unwrap_err(),
            Err(error) => error,
        };
        // In what is no length, count or wrapped key, there is only one thing that can be wrong.
        let expected = match bit / 8 {
            0..3 => Some(FileError::Malformed(DecodeError::WrongKind)),
            3..5 => Some(FileError::Unsupported),
            5 if bit % 8 < 7 => Some(FileError::Unsupported),
            5 | 8..32 => Some(FileError::UnauthenticHeader),
            at if at >= LEN - 32 => Some(FileError::UnauthenticHeader),
            _ => None,
        };
        assert!(expected.is_none_or(|expected| error == expected), "bit {bit}: {error:?}");
    }
}

/// a header ends where it says.
#[test]
fn truncated_and_appended_headers() {
    let header = header();
    for len in 0..header.len() {
        assert_eq!(FileHeader::decode(&header[..len]).err(), Some(FileError::Truncated), "{len}");
    }
    let longer = [&header[..], &[0]].concat();
    assert_eq!(FileHeader::decode(&longer).err(), malformed(DecodeError::TrailingBytes));
}

fn malformed(error: DecodeError) -> Option<FileError> {
    Some(FileError::Malformed(error))
}

/// one encoding: lengths are multiples of 64, and behind the wrapped keys there are zeros.
#[test]
fn headers_that_are_none() {
    let decode = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut header = header();
        change(&mut header);
        let error = FileHeader::decode(&header).err();
        // What begins wrongly has no length either.
        let begins = FileHeader::len_of(header.first_chunk().unwrap());
        if header[..8] != self::header()[..8] {
            assert_eq!(begins.err(), error);
        }
        error
    };
    let not_canonical = malformed(DecodeError::NotCanonical);
    assert_eq!(decode(&|_| {}), None);
    assert_eq!(decode(&|header| header[0] = b'F'), malformed(DecodeError::WrongKind));
    assert_eq!(decode(&|header| header[3] = b'2'), Some(FileError::Unsupported));
    assert_eq!(decode(&|header| header[4] = 2), Some(FileError::Unsupported));
    assert_eq!(decode(&|header| header[5] = 1), Some(FileError::Unsupported));
    assert_eq!(decode(&|header| header[7] += 1), not_canonical);
    assert_eq!(decode(&|header| header[6..8].fill(0)), not_canonical);
    let shortest = 64_u16.to_be_bytes();
    assert_eq!(decode(&|header| header[6..8].copy_from_slice(&shortest)), not_canonical);
    assert_eq!(decode(&|header| header[LEN - 33] = 1), not_canonical);
    // A recipient that is not there, and more of them than there is room for.
    assert_eq!(decode(&|header| header[32] = 2), Some(FileError::Truncated));
    assert_eq!(decode(&|header| header[32] = 255), Some(FileError::Truncated));
    assert_eq!(decode(&|header| header[33..35].fill(0xff)), Some(FileError::Truncated));
}

/// a wrapped key that is none makes a header that is none, whoever has signed it.
#[test]
fn headers_with_wrapped_keys_that_are_none() {
    let wrapped = recipients().as_slice()[0].as_bytes().to_vec();
    let decode = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut wrapped = wrapped.clone();
        change(&mut wrapped);
        FileHeader::decode(&with_entries(&[&wrapped])).err()
    };
    assert_eq!(decode(&|_| {}), None);
    assert_eq!(decode(&|wrapped| wrapped[0] = 0), malformed(DecodeError::WrongKind));
    for at in 1..4 {
        assert_eq!(decode(&|wrapped| wrapped[at] = 0x7f), Some(FileError::Unsupported));
    }
    // A number, or a generation: it would be a keyring's own.
    for at in 4..12 {
        assert_eq!(decode(&|wrapped| wrapped[at] = 1), malformed(DecodeError::NotCanonical));
    }
    assert_eq!(decode(&|wrapped| wrapped[12] = 65), Some(FileError::Limit));
    assert_eq!(decode(&|wrapped| wrapped.push(0)), malformed(DecodeError::TrailingBytes));
    assert_eq!(decode(&|wrapped| wrapped.truncate(wrapped.len() - 1)), Some(FileError::Truncated));
    let twice = FileHeader::decode(&with_entries(&[&wrapped, &wrapped])).err();
    assert_eq!(twice, malformed(DecodeError::NotCanonical));
}

/// what a service may have answered is bounded, and what is longer is not read.
#[test]
fn headers_that_claim_a_long_answer() {
    let decode = |len: usize| {
        let mut wrapped = vec![0xb1, 5, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        wrapped[2] = recipients().as_slice()[0].as_bytes()[2];
        wrapped.extend((len as u16).to_be_bytes());
        wrapped.resize(wrapped.len() + len, 0);
        let mut header = files::recipients(MAX_FILE_HEADER).header(&file(Padding::None).0);
        header[33..35].copy_from_slice(&(wrapped.len() as u16).to_be_bytes());
        header[35..MAX_FILE_HEADER - 32].fill(0);
        header[35..35 + wrapped.len()].copy_from_slice(&wrapped);
        FileHeader::decode(&header).err()
    };
    assert_eq!(decode(MAX_KEK_BLOB), None);
    assert_eq!(decode(MAX_KEK_BLOB + 1), Some(FileError::Limit));
}

/// recipients come and go by rewriting the header alone, with every kind of key.
#[test]
fn recipients_come_and_go() {
    let rng = &mut TestRng::new(9);
    let (info, body) = file(Padding::None);
    let (keyring, theirs, kms) =
        (keyring(rng), RecipientKey::generate(rng).unwrap(), Kms::new(b"kms"));
    let public = theirs.public();
    let mut header = open(&header(), UnwrapWith::Local(&local(1))).unwrap();
    for with in [WrapWith::Keyring(&keyring), WrapWith::Recipient(&public), WrapWith::Service(&kms)]
    {
        header.recipients_mut().add(with, rng).unwrap();
    }
    let stored = header.encode();
    assert_eq!(stored.len(), LEN);
    let all = [
        UnwrapWith::Local(&local(1)),
        UnwrapWith::Keyring(&keyring),
        UnwrapWith::Recipient(&theirs),
        UnwrapWith::Service(&kms),
    ];
    for with in all {
        let opened = open(&stored, with).unwrap();
        assert_eq!((opened.info(), opened.recipients().as_slice().len()), (&info, 4));
        let opener = opened.opener(body.first_chunk().unwrap()).unwrap();
        let mut chunk = body[56..].to_vec();
        assert_eq!(opener.open_chunk(0, &mut chunk).unwrap(), b"a picture");
    }
    // One asks the service, and asks it once: nobody is tried who is not named.
    assert_eq!(kms.times_asked(), 2);

    let mut header = open(&stored, UnwrapWith::Keyring(&keyring)).unwrap();
    assert_eq!(header.recipients_mut().remove(4), None);
    header.recipients_mut().remove(0).unwrap();
    let stored = header.encode();
    let gone = Err(FileError::Unwrap(UnwrapError::WrongKek));
    assert_eq!(opens(&stored, UnwrapWith::Local(&local(1))), gone);
    assert_eq!(opens(&stored, UnwrapWith::Recipient(&theirs)), Ok(()));
    // The place of who is gone is zeros.
    assert!(stored[..LEN - 32].ends_with(&[0; 50]));
}

/// a service's failures are told apart; one that forgets what keys are bound to opens nothing of another context.
#[test]
fn services_fail_as_services_do() {
    let rng = &mut TestRng::new(9);
    let mut kms = Kms::new(b"kms");
    let mut recipients = FileRecipients::new(key(), &photo(), LEN);
    recipients.add(WrapWith::Service(&kms), rng).unwrap();
    let (info, body) = file(Padding::None);
    let header = recipients.header(&info);
    for error in [KekError::Unavailable, KekError::Denied, KekError::Invalid] {
        kms.fails.set(Some(error));
        let failed = Err(FileError::Unwrap(UnwrapError::Kek(error)));
        assert_eq!(opens(&header, UnwrapWith::Service(&kms)), failed);
        let other = Kms { name: b"kms 2".to_vec(), ..Kms::new(b"") };
        other.fails.set(Some(error));
        let refused = recipients.add(WrapWith::Service(&other), rng);
        assert_eq!(refused, Err(FileRecipientsError::Wrap(WrapError::Kek(error))));
        assert_eq!(recipients.as_slice().len(), 1);
    }
    kms.fails.set(None);
    kms.careless = true;
    let mut recipients = FileRecipients::new(key(), &photo(), LEN);
    recipients.add(WrapWith::Service(&kms), rng).unwrap();
    let header = FileHeader::decode(&recipients.header(&info)).unwrap();
    let other = DataContext::new(Purpose::File);
    let opened = header.open(&other, UnwrapWith::Service(&kms)).unwrap();
    let refused = opened.opener(body.first_chunk().unwrap()).map(|_| ());
    assert_eq!(refused, Err(FileError::WrongKeyOrContext));
}

/// without the file's key nobody adds a recipient, and who has another file's key does not either.
#[test]
fn nobody_without_the_key_adds_a_recipient() {
    let rng = &mut TestRng::new(9);
    let header = header();
    let mallorys = LocalKek::new(b"mallory's", secret(2)).unwrap();
    // Put in by hand: their key, or the file's key if they had it in another wrapping.
    let other = FileKey::from_secret(secret(9));
    for wrapped in [&other, &key()].map(|key| {
        WrappedKey::new(key.secret(), &photo(), WrapWith::Local(&mallorys), &mut TestRng::new(1))
    }) {
        let wrapped = wrapped.unwrap();
        let mut forged = with_entries(&[recipients().as_slice()[0].as_bytes(), wrapped.as_bytes()]);
        forged[LEN - 32..].copy_from_slice(&header[LEN - 32..]);
        assert_eq!(FileHeader::decode(&forged).unwrap().recipients().len(), 2);
        let refused = opens(&forged, UnwrapWith::Local(&local(1)));
        assert_eq!(refused, Err(FileError::UnauthenticHeader));
    }
    let mut recipients = FileRecipients::new(other, &photo(), LEN);
    recipients.add(WrapWith::Local(&mallorys), rng).unwrap();
    let forged = FileHeader::decode(&recipients.header(&file(Padding::None).0)).unwrap();
    let refused = forged.open_with_key(&photo(), key()).map(|_| ());
    assert_eq!(refused, Err(FileError::UnauthenticHeader));
}

/// The header keeps the length that it was given, a multiple of 64.
#[test]
fn a_header_is_as_long_as_it_was_made() {
    for (asked, given) in
        [(0, 128), (65, 128), (128, 128), (129, 192), (65_472, 65_472), (usize::MAX, 65_472)]
    {
        let empty = FileRecipients::new(key(), &photo(), asked);
        assert_eq!(empty.header_len(), given);
        let header = empty.header(&file(Padding::None).0);
        assert_eq!(header.len(), given);
        let decoded = FileHeader::decode(&header).unwrap();
        assert_eq!(decoded.open_with_key(&photo(), key()).unwrap().encode(), header);
        // It is for nobody.
        let refused = opens(&header, UnwrapWith::Local(&local(1)));
        assert_eq!(refused, Err(FileError::Unwrap(UnwrapError::WrongKek)));
    }
}

/// A key of six bytes' name, so that each takes as much of a header as the others.
fn named(number: usize) -> LocalKek {
    LocalKek::new(format!("key{number:03}").as_bytes(), secret(number as u8)).unwrap()
}

/// So many recipients as fit are added, and all of them open it; one more changes nothing.
fn fill(header_len: usize, most: usize) {
    let rng = &mut TestRng::new(9);
    let mut full = FileRecipients::new(key(), &photo(), header_len);
    for number in 0..most {
        full.add(WrapWith::Local(&named(number)), rng).unwrap();
    }
    let before = full.as_slice().to_vec();
    let refused = full.add(WrapWith::Local(&named(most)), rng);
    assert_eq!(refused, Err(FileRecipientsError::NoRoom), "{header_len}");
    assert_eq!(full.as_slice(), before);
    let header = full.header(&file(Padding::None).0);
    for number in 0..most {
        let opened = open(&header, UnwrapWith::Local(&named(number))).unwrap();
        assert_eq!(opened.recipients().as_slice(), before);
    }
}

/// what does not fit is refused, and nothing has changed.
#[test]
fn a_header_has_room_for_so_many() {
    // Two bytes, a head of 13 and the name, and a body of 104.
    let each = 2 + 13 + 6 + 104;
    fill(0, 0);
    fill(65 + 2 * each, 2);
    fill(640, 4);
    fill(MAX_FILE_HEADER, MAX_FILE_RECIPIENTS);
}

/// the header says nothing of the length that padding hides.
#[test]
fn the_length_is_masked() {
    let masked = |len: usize, rng| {
        let sealed = key().seal(&photo(), &vec![7; len], Padding::Padme, &mut TestRng::new(rng));
        let header = recipients().header(&sealed.unwrap().0);
        u64::from_be_bytes(*header[24..].first_chunk().unwrap())
    };
    assert!(masked(10_000, 1) > 1 << 32 && masked(10_000, 2) > 1 << 32);
    assert_ne!(masked(10_000, 1), masked(10_000, 2));
    assert_eq!(masked(10_000, 1) ^ masked(10_001, 1), 10_000 ^ 10_001);
}

/// A length that only somebody with the key can have written.
#[test]
fn a_length_that_no_file_has() {
    let mut header = header();
    header[24] ^= 0x80;
    assert_eq!(opens(&signed(header), UnwrapWith::Local(&local(1))), Err(FileError::Limit));
}

/// recipients are added in the context that the file has, and the body is opened in it.
#[test]
fn the_header_keeps_the_context() {
    let wrapped = recipients().as_slice()[0].open(&photo(), UnwrapWith::Local(&local(1))).unwrap();
    assert_eq!(wrapped.expose(), key().secret().expose());
    let opened = open(&header(), UnwrapWith::Local(&local(1))).unwrap();
    let (_, body) = file(Padding::None);
    let begin = body.first_chunk().unwrap();
    assert_eq!(opened.opener(begin).map(|opener| opener.chunks()), Ok(1));

    // With the key at hand and another context: the header tells nothing of that, the body does.
    let other = photo().object_version(2).unwrap();
    let decoded = FileHeader::decode(&header()).unwrap();
    let mut elsewhere = decoded.open_with_key(&other, key()).unwrap();
    let refused = elsewhere.opener(begin).map(|_| ());
    assert_eq!(refused, Err(FileError::WrongKeyOrContext));
    let recipients = elsewhere.recipients_mut();
    recipients.add(WrapWith::Local(&named(1)), &mut TestRng::new(9)).unwrap();
    let added = &recipients.as_slice()[1];
    assert!(added.open(&other, UnwrapWith::Local(&named(1))).is_ok());
    let refused = added.open(&photo(), UnwrapWith::Local(&named(1))).map(|_| ());
    assert_eq!(refused, Err(UnwrapError::WrongKeyOrContext));
}

/// Recipients to whom each is added who is given, and then refused a second time.
fn each_once(recipients: &mut FileRecipients, all: &[WrapWith<'_>]) {
    let rng = &mut TestRng::new(6);
    for with in all {
        recipients.add(*with, rng).unwrap();
        let before = recipients.as_slice().to_vec();
        assert_eq!(recipients.add(*with, rng), Err(FileRecipientsError::Duplicate));
        assert_eq!(recipients.as_slice(), before);
    }
}

/// exactly one wrapped key is tried: nobody is named twice.
#[test]
fn nobody_is_named_twice() {
    let rng = &mut TestRng::new(9);
    let account = DataContext::new(Purpose::Archive);
    let (set, _) = RecoverySet::create(&account, RecoveryProfile::Long, 2, rng).unwrap();
    let codes: Vec<_> = set.recipients().collect();
    let (theirs, hers) =
        (RecipientKey::generate(rng).unwrap(), RecipientKey::generate(rng).unwrap());
    // A service and a key of the device may have one name.
    let (one, two) = (Kms::new(b"device"), Kms::new(b"kms"));
    let mut keyring = keyring(rng);
    let mut recipients = FileRecipients::new(key(), &photo(), 4_096);
    each_once(&mut recipients, &[WrapWith::Local(&local(1)), WrapWith::Local(&named(1))]);
    each_once(&mut recipients, &[WrapWith::Service(&one), WrapWith::Service(&two)]);
    each_once(&mut recipients, &[WrapWith::Code(&codes[0]), WrapWith::Code(&codes[1])]);
    let public = [theirs.public(), hers.public()];
    each_once(&mut recipients, &public.each_ref().map(WrapWith::Recipient));
    each_once(&mut recipients, &[WrapWith::Keyring(&keyring)]);
    keyring.rotate(NOW, WrapWith::Local(&local(1)), rng).unwrap();
    each_once(&mut recipients, &[WrapWith::Keyring(&keyring)]);
    assert_eq!(recipients.as_slice().len(), 10);

    // Who was removed may come back.
    let first = recipients.remove(0).unwrap();
    recipients.add_wrapped(first.clone()).unwrap();
    assert_eq!(recipients.add_wrapped(first), Err(FileRecipientsError::Duplicate));
    let header = recipients.header(&file(Padding::None).0);
    for with in [
        UnwrapWith::Local(&named(1)),
        UnwrapWith::Local(&local(1)),
        UnwrapWith::Service(&two),
        UnwrapWith::Recipient(&hers),
        UnwrapWith::Keyring(&keyring),
    ] {
        assert_eq!(opens(&header, with), Ok(()));
    }
}

/// passphrases have no names: of two it would not be known which one to try.
#[cfg(feature = "password")]
#[test]
fn there_is_one_passphrase() {
    use confidant::{Passphrase, PasswordParameters};

    let weak = PasswordParameters::new(8 << 10, 1, 1).unwrap();
    let passphrase = |text: &str| Passphrase::new(text.into()).unwrap();
    let (ours, theirs) = (passphrase("correct horse"), passphrase("battery staple"));
    let mut recipients = FileRecipients::new(key(), &photo(), LEN);
    each_once(&mut recipients, &[WrapWith::Passphrase(&ours, weak)]);
    let refused = recipients.add(WrapWith::Passphrase(&theirs, weak), &mut TestRng::new(6));
    assert_eq!(refused, Err(FileRecipientsError::Duplicate));
    let header = recipients.header(&file(Padding::None).0);
    assert_eq!(opens(&header, UnwrapWith::Passphrase(&ours)), Ok(()));
    let wrong = Err(FileError::Unwrap(UnwrapError::WrongKeyOrContext));
    assert_eq!(opens(&header, UnwrapWith::Passphrase(&theirs)), wrong);
}

fn refused(root: &WrappedKey) {
    let mut recipients = FileRecipients::new(key(), &photo(), LEN);
    let refused = recipients.add_wrapped(root.clone());
    assert_eq!(refused, Err(FileRecipientsError::NotPlain));
    assert_eq!(recipients.as_slice().len(), 0);
}

/// a keyring's own root key is none of a file's wrapped keys.
#[test]
fn a_root_key_is_no_recipient() {
    let rng = &mut TestRng::new(9);
    let mut keyring = keyring(rng);
    keyring.rotate(NOW, WrapWith::Local(&local(1)), rng).unwrap();
    refused(keyring.wrapped());
}

/// nor is the one that it began with, of which number and generation are 0.
#[test]
fn the_first_root_key_is_no_recipient() {
    refused(keyring(&mut TestRng::new(9)).wrapped());
}

/// a file that was wrapped again, and in which the old entry still stands, opens after the old root key was destroyed.
#[test]
fn a_destroyed_root_key_does_not_hide_a_newer_one() {
    let rng = &mut TestRng::new(9);
    let (info, mut keyring) = (file(Padding::None).0, keyring(rng));
    let mut recipients = FileRecipients::new(key(), &photo(), LEN);
    recipients.add(WrapWith::Keyring(&keyring), rng).unwrap();
    let (old, before) = (keyring.active(), recipients.header(&info));
    keyring.rotate(NOW, WrapWith::Local(&local(1)), rng).unwrap();
    recipients.add(WrapWith::Keyring(&keyring), rng).unwrap();
    let after = recipients.header(&info);
    keyring.destroy(old).unwrap();

    let destroyed = Err(FileError::Unwrap(UnwrapError::Destroyed));
    assert_eq!(opens(&before, UnwrapWith::Keyring(&keyring)), destroyed);
    assert_eq!(opens(&after, UnwrapWith::Keyring(&keyring)), Ok(()));
    // Behind it somebody else only.
    recipients.remove(1).unwrap();
    recipients.add(WrapWith::Local(&local(1)), rng).unwrap();
    let others = recipients.header(&info);
    assert_eq!(opens(&others, UnwrapWith::Keyring(&keyring)), destroyed);
    assert_eq!(opens(&others, UnwrapWith::Local(&local(1))), Ok(()));
}

/// A file of somebody's own in the attached form, header and body.
fn made_up(context: &DataContext, with: WrapWith<'_>, seed: u64) -> (Vec<u8>, Vec<u8>) {
    let rng = &mut TestRng::new(seed);
    let key = FileKey::generate(rng).unwrap();
    let (info, body) = key.seal(context, b"made up", Padding::None, rng).unwrap();
    let mut recipients = FileRecipients::new(key, context, LEN);
    recipients.add(with, rng).unwrap();
    (recipients.header(&info), body)
}

/// All of a short file.
fn content(file: &(Vec<u8>, Vec<u8>), with: UnwrapWith<'_>) -> Result<Vec<u8>, FileError> {
    let (header, body) = file;
    let opener = open(header, with)?.opener(body.first_chunk().unwrap())?;
    opener.open_chunk(0, &mut body[56..].to_vec()).map(|data| data.to_vec())
}

/// R-142, and a limit that the threat model names: to wrap to a public key or a code takes nothing secret, so a file for one may be from
/// anybody, all of it.
#[test]
fn anybody_makes_a_whole_file_for_a_public_key() {
    let rng = &mut TestRng::new(9);
    let jane = RecipientKey::generate(rng).unwrap();
    let forged = made_up(&photo(), WrapWith::Recipient(&jane.public()), 21);
    assert_eq!(content(&forged, UnwrapWith::Recipient(&jane)), Ok(b"made up".to_vec()));

    let (profile, account) = (RecoveryProfile::Long, DataContext::new(Purpose::Archive));
    let (set, codes) = RecoverySet::create(&account, profile, 1, rng).unwrap();
    let public = set.recipients().next().unwrap();
    let forged = made_up(&photo(), WrapWith::Code(&public), 22);
    let code = codes[0].unlock(&set.id(), profile).unwrap();
    assert_eq!(content(&forged, UnwrapWith::Code(&code)), Ok(b"made up".to_vec()));
}

/// A limit that the threat model names: another file of the same context opens in a file's place, though key and id are others. An
/// `object_version` tells them apart.
#[test]
fn an_older_file_of_the_same_context_opens() {
    let older = made_up(&photo(), WrapWith::Local(&local(1)), 21);
    assert_eq!(content(&older, UnwrapWith::Local(&local(1))), Ok(b"made up".to_vec()));

    let version = |number| photo().object_version(number).unwrap();
    let older = made_up(&version(1), WrapWith::Local(&local(1)), 21);
    let header = FileHeader::decode(&older.0).unwrap();
    let refused = header.open(&version(2), UnwrapWith::Local(&local(1))).map(|_| ());
    assert_eq!(refused, Err(FileError::Unwrap(UnwrapError::WrongKeyOrContext)));
}

#[test]
fn what_is_printed_has_no_keys() {
    let opened = open(&header(), UnwrapWith::Local(&local(1))).unwrap();
    let printed = format!("{opened:?}");
    assert!(printed.contains("Secret<32>(..)") && !printed.contains("7, 7, 7"), "{printed}");
}
