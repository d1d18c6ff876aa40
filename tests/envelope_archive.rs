//! Archives, and what must be refused; nothing is allocated for what stored bytes claim.

mod common;
mod counting;
mod second;
mod vault;

use common::{NOW, TestRng};
use confidant::limits::{MAX_ARCHIVE, MAX_ARCHIVE_RECIPIENTS};
use confidant::{
    ArchiveError, ArchiveHeader, ArchiveInfo, ArchiveOpener, DataContext, DecodeError,
    ExpectedArchive, KekError, Keyring, LocalKek, NewArchive, NewArchiveError, Purpose,
    RecipientKey, RecoveryCodeKey, RecoveryProfile, RecoverySet, RootKeyId, SealArchiveError,
    UnixTime, UnwrapError, UnwrapWith, WrapError, WrapWith, WrappedKey,
};
use counting::{counted, peak};
use vault::{Kms, flips, keyring, local, secret, wait};

const CHUNK: usize = 16_384;
const SEALED: usize = CHUNK + 16;
/// Where fields of a header begin.
const VERSION: usize = 3;
const ID: usize = 6;
const EPOCH: usize = ID + 16;
const PREVIOUS: usize = EPOCH + 8;
const CREATED: usize = PREVIOUS + 32;
const LEN: usize = CREATED + 8;
const COUNT: usize = LEN + 8;
const KEYS: usize = COUNT + 2;
const ANY: ExpectedArchive<'static> = ExpectedArchive::Any;

/// What `work` allocated, in all.
fn allocated<T>(work: impl FnOnce() -> T) -> usize {
    counted(work).1.bytes
}

fn janes() -> DataContext {
    DataContext::new(Purpose::Archive).user(b"jane").unwrap()
}

fn data(len: usize) -> Vec<u8> {
    (1..=251).cycle().take(len).collect()
}

fn begun(len: usize, rng: &mut TestRng) -> NewArchive {
    NewArchive::first(&janes(), NOW, len as u64, rng).unwrap()
}

/// For `local(1)`.
fn sealed(mut archive: NewArchive, content: &[u8], rng: &mut TestRng) -> (ArchiveInfo, Vec<u8>) {
    archive.add(WrapWith::Local(&local(1)), rng).unwrap();
    finished(archive, content, rng)
}

fn finished(archive: NewArchive, content: &[u8], rng: &mut TestRng) -> (ArchiveInfo, Vec<u8>) {
    let mut out = Vec::new();
    let mut sealer = archive.seal(&mut out, rng).unwrap();
    sealer.update(content, &mut out).unwrap();
    (sealer.finish(&mut out).unwrap(), out)
}

fn made(len: usize, rng: &mut TestRng) -> (ArchiveInfo, Vec<u8>) {
    let archive = begun(len, rng);
    sealed(archive, &data(len), rng)
}

/// Header and body, cut as a reader of a stream would.
fn parts(archive: &[u8]) -> Result<(ArchiveHeader, &[u8]), ArchiveError> {
    let mut len = 0;
    loop {
        let needed = ArchiveHeader::needed(archive.get(..len).ok_or(ArchiveError::Truncated)?)?;
        if needed == len {
            break;
        }
        len = needed;
    }
    let (header, body) = archive.split_at_checked(len).ok_or(ArchiveError::Truncated)?;
    Ok((ArchiveHeader::decode(header)?, body))
}

fn read(opener: ArchiveOpener, body: &[u8], piece: usize) -> Result<Vec<u8>, ArchiveError> {
    let (mut opener, mut out) = (opener, Vec::new());
    for piece in body.chunks(piece) {
        opener.update(piece, &mut out)?;
    }
    opener.finish()?;
    Ok(out)
}

fn opened_with(archive: &[u8], with: UnwrapWith<'_>) -> Result<Vec<u8>, ArchiveError> {
    let (header, body) = parts(archive)?;
    read(header.open(&janes(), with, ANY)?.accept(), body, 10_000)
}

fn opened(archive: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    opened_with(archive, UnwrapWith::Local(&local(1)))
}

fn expected(archive: &[u8], expected: ExpectedArchive<'_>) -> Result<ArchiveInfo, ArchiveError> {
    let (header, _) = parts(archive)?;
    let opener = header.open(&janes(), UnwrapWith::Local(&local(1)), expected)?.accept();
    Ok(*opener.info())
}

fn malformed(error: DecodeError) -> ArchiveError {
    ArchiveError::Malformed(error)
}

/// Content of every length around a chunk's, written and read in pieces of every size.
#[test]
fn every_length_round_trips_in_any_pieces() {
    let mut rng = TestRng::new(1);
    for len in [0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7] {
        let content = data(len);
        for piece in [1, 999, CHUNK, CHUNK + 1, 1 << 20] {
            let mut archive = begun(len, &mut rng);
            archive.add(WrapWith::Local(&local(1)), &mut rng).unwrap();
            let mut out = Vec::new();
            let mut sealer = archive.seal(&mut out, &mut rng).unwrap();
            for piece in content.chunks(piece) {
                sealer.update(piece, &mut out).unwrap();
            }
            let info = sealer.finish(&mut out).unwrap();
            assert_eq!(info.len(), len as u64);
            let (header, body) = parts(&out).unwrap();
            assert_eq!(body.len(), 56 + len + 16 * (len / CHUNK + 1));
            let opener = header.open(&janes(), UnwrapWith::Local(&local(1)), ANY).unwrap();
            assert!(read(opener.accept(), body, piece).unwrap() == content, "{len} by {piece}");
        }
    }
}

/// the bytes are what the specification says; the body is the public standard's.
#[test]
fn a_second_implementation_reads_archives() {
    let mut rng = TestRng::new(2);
    let content = data(2 * CHUNK + 5);
    let before = rng.drawn;
    let (info, archive) = made(content.len(), &mut rng);
    assert_eq!(rng.drawn - before, 16 + 32 + 24 + 24);
    let core = &archive[..COUNT];
    assert_eq!(core[..ID], *b"EAR1\x01\0");
    assert_eq!(core[ID..EPOCH], info.id());
    assert_eq!(core[EPOCH..CREATED], [0; 40]);
    assert_eq!(core[CREATED..LEN], NOW.as_secs().to_be_bytes());
    assert_eq!(core[LEN..], (content.len() as u64).to_be_bytes());
    let digest = second::sha256("archive/core", &[core]);
    assert_eq!(digest, info.digest());
    assert_eq!(archive[COUNT..KEYS], [0, 1]);

    let wrapped_len = usize::from(u16::from_be_bytes([archive[KEYS], archive[KEYS + 1]]));
    let (wrapped, rest) = archive[KEYS + 2..].split_at(wrapped_len);
    let head = second::head(1, 4, 0, b"device", &[]);
    assert_eq!(wrapped[..head.len()], head);
    let key = second::unwrapped(wrapped, head.len(), janes().as_bytes(), &[1; 32]).unwrap();
    let mac_key = second::expand(&key, "archive/mac", janes().as_bytes());
    let (mac, body) = rest.split_first_chunk::<32>().unwrap();
    assert_eq!(*mac, second::hmac(&mac_key, &archive[..KEYS + 2 + wrapped_len]));
    let body_key = second::expand(&key, "archive/body", janes().as_bytes());
    let context = [&b"archive"[..], &digest].concat();
    assert!(second::open(&body_key, &context, body).unwrap() == content);
}

/// One archive, for somebody of every kind; each opens it, and a stranger of each kind does not.
#[test]
fn any_mix_of_recipients_opens() {
    let mut rng = TestRng::new(3);
    let content = data(100);
    let (set, codes) = RecoverySet::create(&janes(), RecoveryProfile::Long, 3, &mut rng).unwrap();
    let offline = RecipientKey::generate(&mut rng).unwrap();
    let (ring, kms) = (keyring(&mut rng), Kms::new(b"kms"));
    let mut archive = begun(content.len(), &mut rng);
    archive.add(WrapWith::Local(&local(1)), &mut rng).unwrap();
    archive.add(WrapWith::Recipient(&offline.public()), &mut rng).unwrap();
    archive.add(WrapWith::Service(&kms), &mut rng).unwrap();
    archive.add(WrapWith::Keyring(&ring), &mut rng).unwrap();
    for code in set.recipients() {
        archive.add(WrapWith::Code(&code), &mut rng).unwrap();
    }
    let (_, archive) = finished(archive, &content, &mut rng);
    let with = [
        UnwrapWith::Local(&local(1)),
        UnwrapWith::Recipient(&offline),
        UnwrapWith::Service(&kms),
        UnwrapWith::Keyring(&ring),
    ]
    .map(|with| opened_with(&archive, with));
    assert!(with.iter().all(|opened| opened.as_ref() == Ok(&content)), "{with:?}");
    for code in &codes {
        let key: RecoveryCodeKey = code.unlock(&set.id(), RecoveryProfile::Long).unwrap();
        assert_eq!(opened_with(&archive, UnwrapWith::Code(&key)).unwrap(), content);
    }
    let stranger = RecipientKey::generate(&mut rng).unwrap();
    let other_ring = keyring(&mut rng);
    let other_name = LocalKek::new(b"another", secret(1)).unwrap();
    for with in [
        UnwrapWith::Local(&other_name),
        UnwrapWith::Recipient(&stranger),
        UnwrapWith::Service(&Kms::new(b"another")),
        UnwrapWith::Keyring(&other_ring),
    ] {
        let refused = opened_with(&archive, with).unwrap_err();
        assert_eq!(refused, ArchiveError::Unwrap(UnwrapError::WrongKek));
    }
    let other_set = codes[0].unlock(&[0; 16], RecoveryProfile::Long).unwrap();
    let refused = opened_with(&archive, UnwrapWith::Code(&other_set)).unwrap_err();
    assert_eq!(refused, ArchiveError::Unwrap(UnwrapError::WrongKek));
    let refused = opened_with(&archive, UnwrapWith::Local(&local(2))).unwrap_err();
    assert_eq!(refused, ArchiveError::Unwrap(UnwrapError::WrongKeyOrContext));
}

#[cfg(feature = "password")]
#[test]
fn a_passphrase_opens() {
    use confidant::{Passphrase, PasswordParameters};
    let mut rng = TestRng::new(4);
    let content = data(100);
    let parameters = PasswordParameters::new(8 << 10, 1, 1).unwrap();
    let phrase = |text: &str| Passphrase::new(text.into()).unwrap();
    let mut archive = begun(content.len(), &mut rng);
    archive.add(WrapWith::Local(&local(1)), &mut rng).unwrap();
    archive.add(WrapWith::Passphrase(&phrase("correct"), parameters), &mut rng).unwrap();
    let twice = archive.add(WrapWith::Passphrase(&phrase("other"), parameters), &mut rng);
    assert_eq!(twice, Err(NewArchiveError::Duplicate));
    let (_, archive) = finished(archive, &content, &mut rng);
    let open = |text| opened_with(&archive, UnwrapWith::Passphrase(&phrase(text)));
    assert_eq!(open("correct").unwrap(), content);
    let wrong = ArchiveError::Unwrap(UnwrapError::WrongKeyOrContext);
    assert_eq!(open("wrong").unwrap_err(), wrong);
    let (header, _) = parts(&archive).unwrap();
    assert_eq!(header.wrapped_keys()[1].password_parameters(), Some(parameters));
}

/// A service is asked once, and its refusals are told apart; one that is waited for wraps and unwraps outside.
#[test]
fn services_wrap_and_refuse() {
    let mut rng = TestRng::new(5);
    let (mut kms, content) = (Kms::new(b"kms"), data(10));
    kms.slow = 3;
    let mut archive = begun(content.len(), &mut rng);
    archive.add(WrapWith::Local(&local(1)), &mut rng).unwrap();
    let (wrapped, waited) = wait(WrappedKey::new_async(archive.key(), &janes(), &kms));
    assert_eq!(waited, 3);
    archive.add_wrapped(wrapped.unwrap()).unwrap();
    let (_, archive) = finished(archive, &content, &mut rng);
    let (header, body) = parts(&archive).unwrap();
    let key = wait(header.wrapped_keys()[1].open_async(&janes(), &kms)).0.unwrap();
    let opener = header.open_with_key(&janes(), &key, ANY).unwrap().accept();
    assert_eq!(read(opener, body, 1).unwrap(), content);
    for error in [KekError::Unavailable, KekError::Denied, KekError::Invalid] {
        let before = kms.times_asked();
        kms.fails.set(Some(error));
        let refused = opened_with(&archive, UnwrapWith::Service(&kms)).unwrap_err();
        let refused = (refused, kms.times_asked() - before);
        assert_eq!(refused, (ArchiveError::Unwrap(UnwrapError::Kek(error)), 1));
        let mut archive = begun(0, &mut rng);
        let refused = archive.add(WrapWith::Service(&kms), &mut rng);
        assert_eq!(refused, Err(NewArchiveError::Wrap(WrapError::Kek(error))));
    }
}

#[test]
fn what_is_no_archive_is_not_begun() {
    let mut rng = TestRng::new(6);
    let before = rng.drawn;
    let long = NewArchive::first(&janes(), NOW, MAX_ARCHIVE + 1, &mut rng);
    assert_eq!(long.err(), Some(NewArchiveError::TooLong));
    assert_eq!(rng.drawn, before);
    let alone = begun(0, &mut rng).seal(&mut Vec::new(), &mut rng);
    assert_eq!(alone.err(), Some(NewArchiveError::NoRecipients));

    let mut archive = begun(0, &mut rng);
    for i in 0..MAX_ARCHIVE_RECIPIENTS {
        let kek = LocalKek::new(&[i as u8], secret(1)).unwrap();
        let twice =
            |archive: &mut NewArchive, rng: &mut TestRng| archive.add(WrapWith::Local(&kek), rng);
        twice(&mut archive, &mut rng).unwrap();
        if i + 1 < MAX_ARCHIVE_RECIPIENTS {
            assert_eq!(twice(&mut archive, &mut rng), Err(NewArchiveError::Duplicate));
        }
    }
    let more = archive.add(WrapWith::Local(&local(1)), &mut rng);
    assert_eq!(more, Err(NewArchiveError::TooMany));
    let (_, archive) = finished(archive, &[], &mut rng);
    let last = LocalKek::new(&[63], secret(1)).unwrap();
    assert_eq!(opened_with(&archive, UnwrapWith::Local(&last)).unwrap(), [0; 0]);

    for draw in 0..4 {
        let mut rng = TestRng::new(7);
        rng.fail_at = Some(draw);
        let made = NewArchive::first(&janes(), NOW, 0, &mut rng).and_then(|mut archive| {
            archive.add(WrapWith::Local(&local(1)), &mut rng)?;
            archive.seal(&mut Vec::new(), &mut rng)
        });
        assert_eq!(made.err(), Some(NewArchiveError::Randomness), "{draw}");
    }
}

#[test]
fn content_of_another_length_is_refused() {
    let mut rng = TestRng::new(8);
    let mut sealer = |len| {
        let mut archive = begun(len, &mut rng);
        archive.add(WrapWith::Local(&local(1)), &mut rng).unwrap();
        archive.seal(&mut Vec::new(), &mut rng).unwrap()
    };
    let mut out = Vec::new();
    assert_eq!(sealer(0).update(&[1], &mut out), Err(SealArchiveError));
    assert_eq!(sealer(CHUNK).update(&data(CHUNK + 1), &mut out), Err(SealArchiveError));
    assert_eq!(out, []);
    assert_eq!(sealer(1).finish(&mut out), Err(SealArchiveError));
    let mut short = sealer(CHUNK + 1);
    short.update(&data(CHUNK), &mut out).unwrap();
    assert_eq!(out.len(), SEALED);
    assert_eq!(short.finish(&mut out), Err(SealArchiveError));
}

/// Five archives in a series, of which each names the one before it.
fn series(rng: &mut TestRng) -> Vec<(ArchiveInfo, Vec<u8>)> {
    let mut series = vec![made(10, rng)];
    for _ in 1..5 {
        let (previous, _) = series.last().unwrap();
        let next = NewArchive::after(previous, &janes(), NOW, 10, rng).unwrap();
        series.push(sealed(next, &data(10), rng));
    }
    series
}

#[test]
fn a_series_is_a_chain() {
    let mut rng = TestRng::new(9);
    let series = series(&mut rng);
    for (epoch, (info, bytes)) in series.iter().enumerate() {
        assert_eq!((info.epoch(), info.id()), (epoch as u64, series[0].0.id()));
        assert_eq!(info.created(), UnixTime::from_secs(NOW.as_secs()));
        assert_eq!(expected(bytes, ANY).unwrap(), *info);
        assert_eq!(*parts(bytes).unwrap().0.claimed(), *info);
    }
    for pair in series.windows(2) {
        assert_eq!(pair[1].0.previous(), pair[0].0.digest());
        let next = expected(&pair[1].1, ExpectedArchive::After(&pair[0].0));
        assert_eq!(next.unwrap(), pair[1].0);
    }
    assert_eq!(series[0].0.previous(), [0; 32]);
}

#[test]
fn an_archive_of_another_series_is_refused() {
    let mut rng = TestRng::new(10);
    let (ours, theirs) = (made(10, &mut rng), made(10, &mut rng));
    let of = |id| ExpectedArchive::Series { id, min_epoch: 0 };
    assert!(expected(&ours.1, of(ours.0.id())).is_ok());
    assert_eq!(expected(&theirs.1, of(ours.0.id())), Err(ArchiveError::WrongArchive));
    let after = ExpectedArchive::After(&ours.0);
    assert_eq!(expected(&theirs.1, after), Err(ArchiveError::WrongArchive));
}

#[test]
fn a_stale_archive_is_refused() {
    let mut rng = TestRng::new(11);
    let series = series(&mut rng);
    let id = series[0].0.id();
    for (epoch, (_, bytes)) in (0..).zip(&series) {
        for min_epoch in 0..6 {
            let opened = expected(bytes, ExpectedArchive::Series { id, min_epoch });
            let stale = (epoch < min_epoch).then_some(ArchiveError::Stale);
            assert_eq!(opened.err(), stale, "{epoch} for {min_epoch}");
        }
    }
    // The one that was seen, and one before it, in the place of the next.
    let seen = ExpectedArchive::After(&series[2].0);
    assert_eq!(expected(&series[2].1, seen), Err(ArchiveError::Stale));
    assert_eq!(expected(&series[1].1, seen), Err(ArchiveError::Stale));
}

#[test]
fn a_broken_chain_is_found() {
    let mut rng = TestRng::new(12);
    let series = series(&mut rng);
    let gap = expected(&series[3].1, ExpectedArchive::After(&series[1].0));
    assert_eq!(gap, Err(ArchiveError::BrokenChain));
    // Two archives after the same one: what follows the one does not follow the other.
    let fork = NewArchive::after(&series[1].0, &janes(), UnixTime::from_secs(1), 10, &mut rng);
    let (fork, _) = sealed(fork.unwrap(), &data(10), &mut rng);
    assert_eq!(fork.epoch(), series[2].0.epoch());
    assert!(expected(&series[3].1, ExpectedArchive::After(&series[2].0)).is_ok());
    let other = expected(&series[3].1, ExpectedArchive::After(&fork));
    assert_eq!(other, Err(ArchiveError::BrokenChain));
}

/// One that is first and names another, or is not first and names none, is written by nobody.
#[test]
fn the_first_one_follows_nothing() {
    let mut rng = TestRng::new(13);
    let (_, archive) = made(0, &mut rng);
    for at in [EPOCH + 7, PREVIOUS, PREVIOUS + 31] {
        let mut changed = archive.clone();
        changed[at] = 1;
        assert_eq!(opened(&changed), Err(malformed(DecodeError::NotCanonical)));
    }
}

#[test]
fn an_archive_of_somebody_else_is_refused() {
    let mut rng = TestRng::new(14);
    let (_, archive) = made(10, &mut rng);
    let (header, _) = parts(&archive).unwrap();
    let johns = DataContext::new(Purpose::Archive).user(b"john").unwrap();
    let with = UnwrapWith::Local(&local(1));
    let opened = header.open(&johns, with, ANY).unwrap_err();
    assert_eq!(opened, ArchiveError::Unwrap(UnwrapError::WrongKeyOrContext));
    // With the right key: what a careless service would give.
    let key = header.wrapped_keys()[0].open(&janes(), with).unwrap();
    let opened = header.open_with_key(&johns, &key, ANY).unwrap_err();
    assert_eq!(opened, ArchiveError::UnauthenticHeader);
    let opened = header.open_with_key(&janes(), &secret(3), ANY).unwrap_err();
    assert_eq!(opened, ArchiveError::UnauthenticHeader);
}

/// The body of one archive behind the header of another, even of the same key's: nothing is decrypted.
#[test]
fn a_body_of_another_header_is_refused() {
    let mut rng = TestRng::new(15);
    let (a, b) = (made(10, &mut rng).1, made(10, &mut rng).1);
    let (header, body) = parts(&a).unwrap();
    let (_, other) = parts(&b).unwrap();
    let open = || header.open(&janes(), UnwrapWith::Local(&local(1)), ANY).unwrap().accept();
    assert_eq!(read(open(), other, 7), Err(ArchiveError::WrongKeyOrContext));
    for bit in 0..56 * 8 {
        let mut changed = body.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(read(open(), &changed, 100), Err(ArchiveError::WrongKeyOrContext), "{bit}");
    }
}

/// Truncated anywhere, at chunk boundaries too: what was released is what was there, and the end is missed.
#[test]
fn truncation_is_found_everywhere() {
    let mut rng = TestRng::new(16);
    let content = data(2 * CHUNK + 5);
    let (_, archive) = made(content.len(), &mut rng);
    let body_at = archive.len() - (56 + content.len() + 3 * 16);
    for len in 0..body_at + 56 {
        assert_eq!(opened(&archive[..len]), Err(ArchiveError::Truncated), "{len}");
    }
    let (header, body) = parts(&archive).unwrap();
    let boundaries = (0..3).map(|k| 56 + k * SEALED);
    let cuts = boundaries.flat_map(|at| [at - 1, at, at + 1, at + 15, at + 16, at + 17]);
    for len in cuts.chain([body.len() - 17, body.len() - 16, body.len() - 1]) {
        let cut = &body[..len.min(body.len() - 1)];
        let opener = header.open(&janes(), UnwrapWith::Local(&local(1)), ANY).unwrap();
        let (mut opener, mut out) = (opener.accept(), Vec::new());
        opener.update(cut, &mut out).unwrap();
        assert!(content.starts_with(&out) && out.len().is_multiple_of(CHUNK));
        assert_eq!(opener.finish(), Err(ArchiveError::Truncated), "{len}");
    }
}

/// What stands behind the end, chunks that change places or come twice, and every changed bit of a small chunk.
#[test]
fn changed_chunks_are_found_and_not_released() {
    let mut rng = TestRng::new(17);
    let content = data(2 * CHUNK + 5);
    let (_, archive) = made(content.len(), &mut rng);
    let (header, body) = parts(&archive).unwrap();
    let (first, second) = (56..56 + SEALED, 56 + SEALED..56 + 2 * SEALED);
    let refused = |changed: &[u8], chunk: u64, released: usize| {
        let opener = header.open(&janes(), UnwrapWith::Local(&local(1)), ANY).unwrap();
        let (mut opener, mut out) = (opener.accept(), Vec::new());
        let error = Err(ArchiveError::Corrupt { chunk });
        assert_eq!(opener.update(changed, &mut out), error);
        assert!(out == content[..content.len().min(released * CHUNK)]);
        // It stays so, whatever comes.
        assert_eq!(opener.update(&body[56..], &mut out), error);
        assert_eq!(opener.finish().map(|_| ()), error);
    };
    // Behind the end: the last chunk was not it.
    refused(&[body, &[0]].concat(), 2, 3);
    refused(&[body, body].concat(), 2, 3);
    let head = &body[..56];
    let swapped = [head, &body[second.clone()], &body[first.clone()], &body[second.end..]];
    refused(&swapped.concat(), 0, 0);
    let doubled = [head, &body[first.clone()], &body[first.clone()], &body[second.end..]];
    refused(&doubled.concat(), 1, 1);
    let dropped = [head, &body[first.clone()], &body[second.end..], &[0; SEALED]];
    refused(&dropped.concat(), 1, 1);
    for at in [first.start, first.end - 17, first.end - 1, second.start, second.end - 1] {
        let mut changed = body.to_vec();
        changed[at] ^= 0x80;
        let chunk = usize::from(at >= second.start);
        refused(&changed, chunk as u64, chunk);
    }
    for bit in 0..21 * 8 {
        let mut changed = body.to_vec();
        changed[second.end + bit / 8] ^= 1 << (bit % 8);
        refused(&changed, 2, 2);
    }
}

/// Any bit of a header: it does not open, with the error of the field that it stands in.
#[test]
fn a_flipped_bit_of_the_header_is_found_everywhere() {
    let mut rng = TestRng::new(18);
    let (info, archive) = made(10, &mut rng);
    let second = NewArchive::after(&info, &janes(), NOW, 10, &mut rng).unwrap();
    let (_, second) = sealed(second, &data(10), &mut rng);
    for archive in [archive, second] {
        let header = archive.len() - (56 + 10 + 16);
        for (bit, changed) in flips(&archive[..header]) {
            let changed = [&changed, &archive[header..]].concat();
            let error = opened(&changed).unwrap_err();
            let at = bit / 8;
            let is_expected = match at {
                0..VERSION => error == malformed(DecodeError::WrongKind),
                VERSION..ID => error == ArchiveError::Unsupported,
                ID..EPOCH | CREATED..LEN => error == ArchiveError::UnauthenticHeader,
                EPOCH..CREATED => {
                    error == malformed(DecodeError::NotCanonical)
                        || error == ArchiveError::UnauthenticHeader
                }
                LEN..COUNT => {
                    error == ArchiveError::Limit || error == ArchiveError::UnauthenticHeader
                }
                COUNT..KEYS => {
                    let few = [ArchiveError::Truncated, malformed(DecodeError::NotCanonical)];
                    error == ArchiveError::Limit || few.contains(&error) || is_malformed(error)
                }
                _ if at >= header - 32 => error == ArchiveError::UnauthenticHeader,
                _ => is_of_wrapped(error),
            };
            assert!(is_expected, "byte {at}: {error:?}");
        }
    }
}

/// Of a wrapped key or its length: it is not one, not ours, does not open, or ends elsewhere.
fn is_of_wrapped(error: ArchiveError) -> bool {
    let refused = [UnwrapError::WrongKek, UnwrapError::WrongKeyOrContext].map(ArchiveError::Unwrap);
    let cut = [ArchiveError::Truncated, ArchiveError::Limit];
    is_malformed(error) || refused.contains(&error) || cut.contains(&error)
}

fn is_malformed(error: ArchiveError) -> bool {
    matches!(error, ArchiveError::Malformed(_) | ArchiveError::Unsupported)
}

/// Issue: 64 k claimed recipients. Refused at the count, before anything behind it is looked at; and nothing is allocated.
#[test]
fn sixty_four_thousand_claimed_recipients_cost_nothing() {
    let mut rng = TestRng::new(19);
    let (_, mut archive) = made(0, &mut rng);
    for claimed in [65_u16, 255, 256, 1_000, 65_535] {
        archive[COUNT..KEYS].copy_from_slice(&claimed.to_be_bytes());
        let long = [&archive[..], &[0; 200_000]].concat();
        let bytes = allocated(|| {
            assert_eq!(ArchiveHeader::decode(&long).err(), Some(ArchiveError::Limit));
            assert_eq!(ArchiveHeader::needed(&long).err(), Some(ArchiveError::Limit));
            assert_eq!(ArchiveHeader::needed(&long[..KEYS]).err(), Some(ArchiveError::Limit));
        });
        assert_eq!(bytes, 0);
    }
    archive[COUNT..KEYS].copy_from_slice(&0_u16.to_be_bytes());
    assert_eq!(opened(&archive), Err(malformed(DecodeError::NotCanonical)));
    archive[COUNT..KEYS].copy_from_slice(&64_u16.to_be_bytes());
    assert_eq!(ArchiveHeader::decode(&archive).err(), Some(ArchiveError::Truncated));
}

/// whatever stands in the place of a length or count, in a header or a recovery set, reserves nothing; and a length of the content
/// that is not there reserves nothing either, authentic as it is.
#[test]
fn claimed_lengths_reserve_nothing() {
    let mut rng = TestRng::new(20);
    let (_, archive) = made(0, &mut rng);
    let (set, codes) = RecoverySet::create(&janes(), RecoveryProfile::Long, 2, &mut rng).unwrap();
    let code = codes[0].unlock(&set.id(), RecoveryProfile::Long).unwrap();
    let read_all = |bytes: &[u8]| {
        let cost = allocated(|| {
            (
                ArchiveHeader::needed(bytes).map(|needed| assert!(needed <= bytes.len() + 65_569)),
                ArchiveHeader::decode(bytes).err(),
                ArchiveInfo::decode(bytes).err(),
                RecoverySet::claimed_in(bytes).err(),
                RecoverySet::open(bytes, &janes(), &code, 0).err(),
            )
        });
        assert!(cost <= 4 * bytes.len() + 4_096, "{cost} for {}", bytes.len());
    };
    for bytes in [archive, set.encode()] {
        for at in 0..bytes.len() {
            for width in [1, 2, 4, 8] {
                let mut claimed = bytes.clone();
                claimed.iter_mut().skip(at).take(width).for_each(|byte| *byte = 0xff);
                read_all(&claimed);
                read_all(&claimed[..bytes.len().min(at + width)]);
            }
        }
    }
    let mut huge = NewArchive::first(&janes(), NOW, MAX_ARCHIVE, &mut rng).unwrap();
    huge.add(WrapWith::Local(&local(1)), &mut rng).unwrap();
    let mut out = Vec::new();
    let mut sealer = huge.seal(&mut out, &mut rng).unwrap();
    sealer.update(&data(CHUNK), &mut out).unwrap();
    let (header, body) = parts(&out).unwrap();
    let mut content = Vec::with_capacity(2 * CHUNK);
    let (_, held) = peak(|| {
        let opener = header.open(&janes(), UnwrapWith::Local(&local(1)), ANY).unwrap();
        let mut opener = opener.accept();
        opener.update(body, &mut content).unwrap();
        opener
    });
    assert!(held < 20_000, "{held}: more than one chunk");
    assert!(content == data(CHUNK));
}

/// Bytes are not read beyond the header, whatever comes behind it, and are asked for as they are needed.
#[test]
fn a_header_is_found_in_a_stream() {
    let mut rng = TestRng::new(21);
    let (_, archive) = made(10, &mut rng);
    let header = archive.len() - (56 + 10 + 16);
    for len in 0..header {
        let needed = ArchiveHeader::needed(&archive[..len]).unwrap();
        assert!(len < needed && needed <= header, "{len}: {needed}");
    }
    for len in [header, header + 1, archive.len()] {
        assert_eq!(ArchiveHeader::needed(&archive[..len]).unwrap(), header);
    }
    let longer = ArchiveHeader::decode(&archive[..=header]);
    assert_eq!(longer.err(), Some(malformed(DecodeError::TrailingBytes)));
}

/// Two wrapped keys of which it would not be known which one to try, as somebody else might write them.
#[test]
fn ambiguous_recipients_are_refused() {
    let mut rng = TestRng::new(22);
    let (_, archive) = made(0, &mut rng);
    let header = archive.len() - (56 + 16);
    let entry = &archive[KEYS..header - 32];
    let twice = [&archive[..COUNT], &[0, 2], entry, entry, &archive[header - 32..header]].concat();
    let decoded = ArchiveHeader::decode(&twice);
    assert_eq!(decoded.err(), Some(malformed(DecodeError::NotCanonical)));
}

/// The same by references that no type has: a passphrase and a code are named by none, and a public key by eight bytes. Otherwise two
/// passphrases could stand in one header, and each would be stretched.
#[test]
fn references_that_no_type_has_are_refused() {
    let mut rng = TestRng::new(25);
    let (_, archive) = made(0, &mut rng);
    let mac = &archive[archive.len() - (56 + 16) - 32..archive.len() - (56 + 16)];
    let numbers = [8_192_u32.to_be_bytes(), 1_u32.to_be_bytes()].concat();
    let passphrase = [&[0x13][..], &numbers, &[1], &[0; 16]].concat();
    let public = second::public([3; 32]);
    let code = [&[5; 17][..], &public].concat();
    for (kek_type, parameters, right) in [(2, &passphrase[..], 0), (3, &code, 0), (4, &public, 8)] {
        for len in [0, 1, 7, 8, 9, 20, 64] {
            let head = second::head(kek_type, 4, 0, &vec![b'x'; len], parameters);
            let wrapped = [head, vec![0; 104]].concat();
            let entry = [&(wrapped.len() as u16).to_be_bytes()[..], &wrapped].concat();
            let header = [&archive[..COUNT], &[0, 1], &entry, mac].concat();
            let expected = (len != right).then_some(DecodeError::NotCanonical);
            assert_eq!(WrappedKey::decode(&wrapped).err(), expected, "{kek_type}, {len}");
            assert_eq!(ArchiveHeader::decode(&header).err(), expected.map(malformed));
        }
    }
}

/// An archive for two root keys of one keyring, neither of which is active any more, of which those in `gone` have been destroyed.
fn for_both_root_keys(begin: NewArchive, gone: &[u32], rng: &mut TestRng) -> (Keyring, Vec<u8>) {
    let (mut ring, mut archive) = (keyring(rng), begin);
    archive.add(WrapWith::Keyring(&ring), rng).unwrap();
    ring.rotate(NOW, WrapWith::Local(&local(1)), rng).unwrap();
    archive.add(WrapWith::Keyring(&ring), rng).unwrap();
    ring.rotate(NOW, WrapWith::Local(&local(1)), rng).unwrap();
    for number in gone {
        ring.destroy(RootKeyId::from_number(*number)).unwrap();
    }
    (ring, finished(archive, b"data", rng).1)
}

/// A root key that has been destroyed does not hide the next recipient, whichever comes first; when all are gone, it is said.
#[test]
fn a_destroyed_root_key_does_not_hide_the_next_recipient() {
    let mut rng = TestRng::new(26);
    for (gone, expected) in [
        (&[][..], Ok(b"data".to_vec())),
        (&[0], Ok(b"data".to_vec())),
        (&[1], Ok(b"data".to_vec())),
        (&[0, 1], Err(ArchiveError::Unwrap(UnwrapError::Destroyed))),
    ] {
        let archive = begun(4, &mut rng);
        let (ring, archive) = for_both_root_keys(archive, gone, &mut rng);
        assert_eq!(opened_with(&archive, UnwrapWith::Keyring(&ring)), expected, "{gone:?}");
    }
}

/// Only what is destroyed is passed over: where a wrapped key that names ours does not open, no other one is tried.
#[test]
fn a_recipient_that_does_not_open_is_the_last_one_tried() {
    let mut rng = TestRng::new(27);
    let (ring, archive) = for_both_root_keys(begun(4, &mut rng), &[], &mut rng);
    let mut changed = archive.clone();
    let len = usize::from(u16::from_be_bytes([archive[KEYS], archive[KEYS + 1]]));
    changed[KEYS + 2 + len - 1] ^= 1;
    let refused = ArchiveError::Unwrap(UnwrapError::WrongKeyOrContext);
    assert_eq!(opened_with(&changed, UnwrapWith::Keyring(&ring)), Err(refused));
}

/// A keyring's own root key is no archive's key: with a number or a generation in its head it would be written and not be read.
#[test]
fn a_keyrings_own_root_key_is_not_added() {
    let mut rng = TestRng::new(28);
    let mut ring = keyring(&mut rng);
    let other = LocalKek::new(b"another", secret(9)).unwrap();
    let mut archive = begun(0, &mut rng);
    let changes: [fn(&mut Keyring, &LocalKek, &mut TestRng); 2] = [
        |ring, kek, rng| ring.change_kek(WrapWith::Local(kek), rng).unwrap(),
        |ring, kek, rng| {
            ring.rotate(NOW, WrapWith::Local(kek), rng).unwrap();
        },
    ];
    for change in changes {
        change(&mut ring, &other, &mut rng);
        let added = archive.add_wrapped(ring.wrapped().clone());
        assert_eq!(added, Err(NewArchiveError::NotPlain));
        let read = WrappedKey::decode(ring.wrapped().as_bytes());
        assert_eq!(read.err(), Some(DecodeError::NotCanonical));
    }
    let (_, archive) = sealed(archive, &[], &mut rng);
    assert_eq!(parts(&archive).unwrap().0.wrapped_keys().len(), 1);
    assert_eq!(opened(&archive), Ok(Vec::new()));
}

/// The first root key of a new keyring has neither, and looks like any other key; it is bound to its keyring, and opens no archive.
#[test]
fn a_keyrings_first_root_key_opens_no_archive() {
    let mut rng = TestRng::new(32);
    let other = LocalKek::new(b"another", secret(9)).unwrap();
    let ring = Keyring::create(&janes(), WrapWith::Local(&other), NOW, &mut rng).unwrap();
    let mut archive = begun(0, &mut rng);
    archive.add_wrapped(ring.wrapped().clone()).unwrap();
    let (_, archive) = sealed(archive, &[], &mut rng);
    let refused = ArchiveError::Unwrap(UnwrapError::WrongKeyOrContext);
    assert_eq!(opened_with(&archive, UnwrapWith::Local(&other)), Err(refused));
    assert_eq!(opened(&archive), Ok(Vec::new()));
}

/// what is kept of an archive for the next one is its core, and is read as it is written; what is no core of an archive is refused.
#[test]
fn what_is_kept_of_an_archive_is_its_core() {
    let mut rng = TestRng::new(29);
    for (info, archive) in series(&mut rng) {
        let kept = info.encode();
        assert_eq!(kept, archive[..COUNT]);
        let read = ArchiveInfo::decode(&kept).unwrap();
        assert_eq!((read, read.digest()), (info, info.digest()));
        let next = NewArchive::after(&read, &janes(), NOW, 1, &mut rng).unwrap();
        let (next, bytes) = sealed(next, &[1], &mut rng);
        assert_eq!(expected(&bytes, ExpectedArchive::After(&read)), Ok(next));
        for len in 0..kept.len() {
            assert_eq!(ArchiveInfo::decode(&kept[..len]), Err(DecodeError::Truncated), "{len}");
        }
        let longer = ArchiveInfo::decode(&archive);
        assert_eq!(longer, Err(DecodeError::TrailingBytes));
        for (bit, changed) in flips(&kept) {
            // What is read is written again as it was, and is another archive's.
            if let Ok(read) = ArchiveInfo::decode(&changed) {
                assert_eq!(read.encode()[..], changed, "{bit}");
                assert_ne!(read.digest(), info.digest(), "{bit}");
            }
        }
    }
}

#[test]
fn what_no_archive_says_of_itself_is_refused() {
    let mut rng = TestRng::new(30);
    let (first, _) = made(10, &mut rng);
    let second = NewArchive::after(&first, &janes(), NOW, 10, &mut rng).unwrap();
    let refused = |info: &ArchiveInfo, at: usize, with: &[u8]| {
        let mut changed = info.encode();
        changed[at..at + with.len()].copy_from_slice(with);
        ArchiveInfo::decode(&changed).err()
    };
    let most = MAX_ARCHIVE.to_be_bytes();
    assert_eq!(refused(&first, LEN, &most), None);
    let more = (MAX_ARCHIVE + 1).to_be_bytes();
    for (at, with, error) in [
        (0, &b"EFR"[..], DecodeError::WrongKind),
        (VERSION, b"2", DecodeError::UnsupportedVersion),
        (4, &[2], DecodeError::UnsupportedVersion),
        (5, &[0x80], DecodeError::InvalidFlags),
        (LEN, &more, DecodeError::TooLong),
        // First, and after another one; or neither.
        (PREVIOUS, &[1], DecodeError::NotCanonical),
        (EPOCH, &[0, 0, 0, 0, 0, 0, 0, 1], DecodeError::NotCanonical),
    ] {
        assert_eq!(refused(&first, at, with), Some(error), "{at}");
    }
    let none = refused(second.info(), PREVIOUS, &[0; 32]);
    assert_eq!(none, Some(DecodeError::NotCanonical));
    // The last epoch has no next one.
    let last = refused(second.info(), EPOCH, &u64::MAX.to_be_bytes());
    assert_eq!(last, Some(DecodeError::NotCanonical));
}

/// After whatever archive was read, there is a next one that can be read too, or none is made.
#[test]
fn a_series_does_not_end_in_an_archive_that_is_not_read() {
    let mut rng = TestRng::new(31);
    let (first, _) = made(0, &mut rng);
    let mut late = NewArchive::after(&first, &janes(), NOW, 0, &mut rng).unwrap().info().encode();
    late[EPOCH..PREVIOUS].copy_from_slice(&(u64::MAX - 1).to_be_bytes());
    let late = ArchiveInfo::decode(&late).unwrap();
    let next = NewArchive::after(&late, &janes(), NOW, 0, &mut rng);
    assert_eq!(next.map(|_| ()), Err(NewArchiveError::Exhausted));
}

/// whoever opens an archive has a claim. It is a type of its own, so that nobody restores from it by mistake.
#[test]
fn what_is_opened_proves_nothing_of_its_maker() {
    let mut rng = TestRng::new(23);
    let (_, archive) = made(3, &mut rng);
    let (header, body) = parts(&archive).unwrap();
    let claim: confidant::Unauthenticated<ArchiveOpener> =
        header.open(&janes(), UnwrapWith::Local(&local(1)), ANY).unwrap();
    assert!(format!("{claim:?}").starts_with("Unauthenticated(ArchiveOpener { info: "));
    assert_eq!(read(claim.accept(), body, 1).unwrap(), [1, 2, 3]);
    // Anybody can write to a public key: the archive opens like a real one.
    let ours = RecipientKey::generate(&mut rng).unwrap();
    let mut forged = begun(3, &mut TestRng::new(666));
    forged.add(WrapWith::Recipient(&ours.public()), &mut rng).unwrap();
    let (_, forged) = finished(forged, b"lie", &mut rng);
    assert_eq!(opened_with(&forged, UnwrapWith::Recipient(&ours)).unwrap(), b"lie");
}

#[test]
fn nothing_secret_is_printed() {
    let mut rng = TestRng::new(24);
    let mut archive = begun(3, &mut rng);
    let key: Vec<String> = archive.key().expose().iter().map(u8::to_string).collect();
    archive.add(WrapWith::Local(&local(1)), &mut rng).unwrap();
    let told = format!("{archive:?}");
    assert!(told.starts_with("NewArchive { info: ArchiveInfo {") && told.ends_with(", .. }"));
    let mut out = Vec::new();
    let mut sealer = archive.seal(&mut out, &mut rng).unwrap();
    sealer.update(&[251, 252, 253], &mut out).unwrap();
    let sealing = format!("{sealer:?}");
    sealer.finish(&mut out).unwrap();
    let (header, _) = parts(&out).unwrap();
    let opener = header.open(&janes(), UnwrapWith::Local(&local(1)), ANY).unwrap();
    for told in [told, sealing, format!("{header:?}"), format!("{opener:?}")] {
        assert!(!told.contains(&key[..6].join(", ")) && !told.contains("251, 252"), "{told}");
    }
}
