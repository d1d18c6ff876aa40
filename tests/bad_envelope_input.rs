//! Everything that is stored, given what it must be refused for. The list is the issue's; most of it is tested beside what it is about:
//!
//! | bad input | where |
//! |---|---|
//! | truncated, anywhere | all: [`every_prefix_is_refused`], [`what_is_kept_of_a_file_has_one_form`]; at chunks: `envelope_files` `truncated_anywhere`, `envelope_file_streams` `a_truncated_stream`, `envelope_records` `chunks_of_a_record…`, `envelope_archive` `truncation…`, `envelope_archive_streams` `a_cut…` |
//! | swapped and duplicated chunks | `envelope_files` `chunks_out_of_place` and `no_arrangement…`, `envelope_records` `chunks_of_a_record…`, `envelope_archive` `changed_chunks…`; with a header before them: [`chunks_of_a_container_keep_their_order`] |
//! | appended bytes | all: [`a_byte_more_is_refused`]; `envelope_files` `appended_bytes`, `envelope_file_streams` `an_appended_stream`, `envelope_archive_streams` `appended…` |
//! | header of another | [`what_belongs_to_another_is_refused`], [`a_container_with_the_header_of_another_file`]; `envelope_file_headers` `the_header_of_another_file`, `envelope_archive` `a_body_of_another_header…` |
//! | wrong context | all: [`another_context_is_refused`]; by entry: `envelope_records`, `envelope_keys`, `envelope_keyring`, `envelope_files`, `envelope_archive`, `envelope_recovery` |
//! | wrapped for something else | `envelope_keys` `the_purpose_in_the_head…`, `envelope_keyring_forged` `a_root_key_of_another_keyring…` and `what_is_wrapped_for_something_else…`, `envelope_recovery` `keys_of_archives_and_sets…`, `envelope_archive` `a_keyrings_first_root_key…`, `envelope_file_headers` `the_first_root_key…` |
//! | wrong epoch | [`an_epoch_of_yesterday_is_refused`]; `envelope_keyring` `an_older_keyring…`, `envelope_archive` `a_stale…` and `a_broken_chain…`, `envelope_recovery` `a_stale_set…` |
//! | Argon2id outside of the bounds | through each door: `argon2_outside_of_the_bounds_is_refused_at_every_door`; each bound: `envelope_passwords` `parameters_out_of_bounds…`, `envelope_recovery` `parameters_that_were_changed…` and `weak_profiles…` |
//! | a code with one wrong letter | `envelope_recovery` `one_wrong_letter…`, of both kinds |
//! | a used code, a revoked code | `envelope_recovery` `a_used_code…`, `a_revoked_code…`; of an archive: [`a_code_that_is_gone_opens_no_later_archive`] |
//! | a reference of another type's length | `envelope_keys` `references_have…`, `envelope_archive` `references_that_no_type…` |
//! | 64 k claimed recipients | `envelope_archive` `sixty_four_thousand…`; wherever there is a count or a length: [`the_most_that_can_be_claimed_costs_nothing`] |
//! | base64 that is not canonical | `envelope_sharing` `base64…` and `changed_compatible…` |
//! | nothing is released before it is verified | `envelope_files` `what_does_not_open_is_wiped`, `envelope_file_streams` `readers_stay_in_error`, `envelope_archive` `changed_chunks…`, `envelope_records` `what_did_not_open…`; here wherever something is given out |
//! | nothing is allocated from a claimed length | `envelope_surface`, `envelope_archive`, `envelope_file_memory`; of what those leave out: [`claimed_lengths_reserve_nothing`] |
//! | any other byte | all: [`a_changed_byte_is_refused`], and by bit in each of these files |

mod common;
mod counting;
mod vault;

use std::fmt::Debug;

use common::{NOW, TestRng};
use confidant::{
    ArchiveError, ArchiveHeader, AttachmentPart, AttachmentPointer, DataContext, Derivative,
    DerivativeKind, ExpectedArchive, FileDigest, FileHeader, FileInfo, FileKey, FileRecipients,
    Keyring, NewArchive, OpenKeyringError, OpenRecoveryError, Padding, Purpose, RecipientKey,
    RecordError, RecoveryCodeKey, RecoveryProfile, RecoverySet, UnwrapError, UnwrapWith, WrapWith,
    WrappedKey,
};
use counting::counted;
use vault::{Kms, local, secret};

/// Something that is stored, and what opens it all the way.
struct Door {
    name: &'static str,
    valid: Vec<u8>,
    /// What the error is where the end is missing, and where there is something behind it.
    ends: [&'static str; 2],
    /// What the error is where the context is another's.
    elsewhere: &'static str,
    open: Box<Open>,
}

type Open = dyn Fn(&[u8], &DataContext) -> Result<(), String>;

/// Errors are compared by what is printed of them, which is all that there is in them.
fn said<T, E: Debug>(result: Result<T, E>) -> Result<(), String> {
    result.map(drop).map_err(|error| format!("{error:?}"))
}

const RECORD: [&str; 2] = ["RecordError"; 2];
const PLAIN: [&str; 2] = ["Truncated", "TrailingBytes"];
const WRAPPED: [&str; 2] = ["Malformed(Truncated)", "Malformed(TrailingBytes)"];
const FILE: [&str; 2] = ["Truncated", "Malformed(TrailingBytes)"];
const WRONG: &str = "WrongKeyOrContext";
const UNWRAP: &str = "Unwrap(WrongKeyOrContext)";

/// Whose everything is.
fn janes(purpose: Purpose) -> DataContext {
    DataContext::new(purpose).tenant(b"acme").unwrap().user(b"jane").unwrap()
}

fn johns(purpose: Purpose) -> DataContext {
    DataContext::new(purpose).tenant(b"acme").unwrap().user(b"john").unwrap()
}

/// Every door, with as much behind it as it can have.
fn doors() -> Vec<Door> {
    let mut doors = vec![record(Padding::None), record(Padding::Padme), keyring(), pointer()];
    doors.extend(wrapped_keys());
    doors.extend([file(Padding::None), file(Padding::Padme), file_header(), archive()]);
    doors.push(archive_header());
    doors.push(recovery_set(RecoveryProfile::Long));
    #[cfg(feature = "password")]
    doors.push(recovery_set(RecoveryProfile::Short(confidant::PasswordParameters::MOBILE)));
    #[cfg(feature = "std")]
    doors.extend([containers::streamed(), containers::sought(), containers::archive()]);
    doors
}

fn ring() -> Keyring {
    let rng = &mut TestRng::new(1);
    let with = local(1);
    let ring = Keyring::create(&janes(Purpose::Keyring), WrapWith::Local(&with), NOW, rng);
    let mut ring = ring.unwrap();
    for _ in 0..2 {
        let next = ring.add(NOW, rng).unwrap();
        ring.activate(next, WrapWith::Local(&with), rng).unwrap();
    }
    ring.destroy(confidant::RootKeyId::from_number(0)).unwrap();
    ring.add(NOW, rng).unwrap();
    ring
}

fn record(padding: Padding) -> Door {
    let (ring, context) = (ring(), janes(Purpose::Record));
    let valid =
        ring.seal_record(&context, b"jane@example.org", padding, &mut TestRng::new(2)).unwrap();
    Door {
        name: "record",
        valid,
        ends: RECORD,
        elsewhere: "RecordError",
        open: Box::new(move |bytes, context| {
            let mut place = bytes.to_vec();
            let in_place = ring.open_record_in_place(context, &mut place);
            let opened = ring.open_record(context, bytes);
            assert_eq!(opened.is_ok(), in_place.is_ok());
            assert!(opened.is_ok() || place.is_empty());
            said(opened)
        }),
    }
}

/// A root key in each state.
fn keyring() -> Door {
    Door {
        name: "keyring",
        valid: ring().encode(),
        ends: WRAPPED,
        elsewhere: UNWRAP,
        open: Box::new(|bytes, context| {
            let opened = Keyring::open(bytes, context, UnwrapWith::Local(&local(1)), 0);
            if let Err(error) = Keyring::wrapped_in(bytes) {
                assert_eq!(opened.as_ref().err(), Some(&OpenKeyringError::Malformed(error)));
            }
            said(opened)
        }),
    }
}

/// By whatever can wrap one.
fn wrapped_keys() -> Vec<Door> {
    let rng = &mut TestRng::new(3);
    let (kek, pair, kms, ring) =
        (local(1), RecipientKey::generate(rng).unwrap(), Kms::new(b"kms"), ring());
    let profile = RecoveryProfile::Long;
    let (set, codes) = RecoverySet::create(&janes(Purpose::File), profile, 1, rng).unwrap();
    let code = codes[0].unlock(&set.id(), profile).unwrap();
    let mut wrap = |with: WrapWith<'_>| {
        let wrapped = WrappedKey::new(&secret(7), &janes(Purpose::File), with, rng).unwrap();
        wrapped.as_bytes().to_vec()
    };
    let valid = [
        wrap(WrapWith::Local(&kek)),
        wrap(WrapWith::Recipient(&pair.public())),
        wrap(WrapWith::Code(&code.recipient())),
        wrap(WrapWith::Service(&kms)),
        wrap(WrapWith::Keyring(&ring)),
    ];
    type Unwrap = Box<dyn Fn(&WrappedKey, &DataContext) -> Result<(), String>>;
    let open: [Unwrap; 5] = [
        Box::new(move |key, context| said(key.open(context, UnwrapWith::Local(&kek)))),
        Box::new(move |key, context| said(key.open(context, UnwrapWith::Recipient(&pair)))),
        Box::new(move |key, context| said(key.open(context, UnwrapWith::Code(&code)))),
        Box::new(move |key, context| said(key.open(context, UnwrapWith::Service(&kms)))),
        Box::new(move |key, context| said(key.open(context, UnwrapWith::Keyring(&ring)))),
    ];
    let elsewhere = [WRONG, WRONG, WRONG, "Kek(Invalid)", WRONG];
    let doors = valid.into_iter().zip(open).zip(elsewhere);
    doors
        .map(|((valid, open), elsewhere)| Door {
            name: "wrapped key",
            valid,
            ends: PLAIN,
            elsewhere,
            open: Box::new(move |bytes, context| {
                let wrapped = WrappedKey::decode(bytes).map_err(|error| format!("{error:?}"))?;
                open(&wrapped, context)
            }),
        })
        .collect()
}

fn file_key() -> FileKey {
    FileKey::from_secret(secret(7))
}

fn sealed(data: &[u8], padding: Padding, seed: u64) -> (FileInfo, Vec<u8>) {
    let rng = &mut TestRng::new(seed);
    file_key().seal(&janes(Purpose::File), data, padding, rng).unwrap()
}

/// In the detached form.
fn file(padding: Padding) -> Door {
    let (info, valid) = sealed(b"a picture", padding, 4);
    Door {
        name: "file",
        valid,
        ends: ["Truncated", "Corrupt { chunk: 0 }"],
        elsewhere: WRONG,
        open: Box::new(move |bytes, context| said(file_key().open(context, &info, bytes.to_vec()))),
    }
}

const HEADER_LEN: usize = 192;

fn recipients(byte: u8) -> FileRecipients {
    let mut recipients = FileRecipients::new(file_key(), &janes(Purpose::File), HEADER_LEN);
    recipients.add(WrapWith::Local(&local(byte)), &mut TestRng::new(5)).unwrap();
    recipients
}

fn file_header() -> Door {
    Door {
        name: "header of a container",
        valid: recipients(1).header(&sealed(b"a picture", Padding::Padme, 4).0),
        ends: FILE,
        elsewhere: UNWRAP,
        open: Box::new(|bytes, context| {
            let header = FileHeader::decode(bytes);
            said(header.and_then(|header| header.open(context, UnwrapWith::Local(&local(1)))))
        }),
    }
}

/// A second one of a series, for a key of the device and somebody's.
fn made(content: &[u8], seed: u64) -> Vec<u8> {
    let (rng, context) = (&mut TestRng::new(seed), janes(Purpose::Archive));
    let first = NewArchive::first(&context, NOW, 0, rng).unwrap();
    let mut last = Vec::new();
    let mut archives = Vec::new();
    let mut next = first;
    for content in [&[][..], content] {
        next.add(WrapWith::Local(&local(1)), rng).unwrap();
        next.add(WrapWith::Recipient(&RecipientKey::from_secret(secret(3)).public()), rng).unwrap();
        last.clear();
        let mut sealer = next.seal(&mut last, rng).unwrap();
        sealer.update(content, &mut last).unwrap();
        archives.push(sealer.finish(&mut last).unwrap());
        let info = archives.last().unwrap();
        next = NewArchive::after(info, &context, NOW, 9, rng).unwrap();
    }
    last
}

/// What an archive says; with an error, nothing that has not verified.
fn restored(
    bytes: &[u8],
    context: &DataContext,
    with: UnwrapWith<'_>,
    out: &mut Vec<u8>,
) -> Result<(), ArchiveError> {
    let mut len = 0;
    loop {
        let needed = ArchiveHeader::needed(bytes.get(..len).ok_or(ArchiveError::Truncated)?)?;
        if needed == len {
            break;
        }
        len = needed;
    }
    let (header, body) = bytes.split_at_checked(len).ok_or(ArchiveError::Truncated)?;
    let opened = ArchiveHeader::decode(header)?.open(context, with, ExpectedArchive::Any)?;
    let mut opener = opened.accept();
    opener.update(body, out)?;
    opener.finish().map(drop)
}

fn archive() -> Door {
    Door {
        name: "archive",
        valid: made(b"a backup.", 6),
        ends: ["Truncated", "Corrupt { chunk: 0 }"],
        elsewhere: UNWRAP,
        open: Box::new(|bytes, context| {
            let mut out = Vec::new();
            let restored = restored(bytes, context, UnwrapWith::Local(&local(1)), &mut out);
            assert!(out.is_empty() || out == b"a backup.");
            said(restored)
        }),
    }
}

fn archive_header() -> Door {
    let mut valid = made(b"a backup.", 6);
    valid.truncate(valid.len() - 56 - 9 - 16);
    Door {
        name: "header of an archive",
        valid,
        ends: FILE,
        elsewhere: UNWRAP,
        open: Box::new(|bytes, context| {
            let with = UnwrapWith::Local(&local(1));
            let header = ArchiveHeader::decode(bytes);
            said(header.and_then(|header| header.open(context, with, ExpectedArchive::Any)))
        }),
    }
}

/// A code in each state, and all of them unlocked.
fn set(profile: RecoveryProfile) -> (RecoverySet, Vec<RecoveryCodeKey>) {
    let (rng, context) = (&mut TestRng::new(7), janes(Purpose::Archive));
    let (mut set, codes) = RecoverySet::create(&context, profile, 3, rng).unwrap();
    set.revoke(2, rng).unwrap();
    let unlocked = codes.iter().map(|code| code.unlock(&set.id(), profile).unwrap());
    let (bytes, codes): (_, Vec<_>) = (set.encode(), unlocked.collect());
    let recovered = RecoverySet::open(&bytes, &context, &codes[1], 0).unwrap().accept();
    (recovered.use_up(rng).unwrap().0, codes)
}

fn recovery_set(profile: RecoveryProfile) -> Door {
    let (set, codes) = set(profile);
    Door {
        name: "recovery set",
        valid: set.encode(),
        ends: WRAPPED,
        elsewhere: "Unauthentic",
        open: Box::new(move |bytes, context| {
            let opened = RecoverySet::open(bytes, context, &codes[0], 0);
            // What is read before it is opened is read in the same way.
            match RecoverySet::claimed_in(bytes) {
                Err(error) => assert_eq!(opened.as_ref().err(), Some(&error)),
                Ok(claimed) => assert!(opened.is_err() || claimed == (set.id(), profile)),
            }
            said(opened)
        }),
    }
}

/// The least that is allowed, so that nobody waits.
#[cfg(feature = "password")]
fn least() -> confidant::PasswordParameters {
    confidant::PasswordParameters::new(8 << 10, 1, 1).unwrap()
}

/// With a derivative. All the way is: decoded, the object compared with its digest, and opened.
fn pointer() -> Door {
    let (info, body) = sealed(b"a picture", Padding::Padme, 4);
    let part = || AttachmentPart::new(info, FileDigest::of(&body), "image/png").unwrap();
    let small = Derivative { kind: DerivativeKind::Thumbnail, index: 1 };
    let pointer = AttachmentPointer::new(file_key(), part()).with_derivative(small, part());
    let valid = pointer.unwrap().encode().as_bytes().to_vec();
    Door {
        name: "pointer",
        valid,
        ends: PLAIN,
        elsewhere: WRONG,
        open: Box::new(move |bytes, context| {
            let pointer = AttachmentPointer::decode(bytes);
            let pointer = pointer.map_err(|error| format!("{error:?}"))?;
            said(pointer.file().verify(FileDigest::of(&body)))?;
            said(pointer.key().open(context, pointer.file().info(), body.clone()))
        }),
    }
}

/// Where a pointer says what its message vouches for, and nothing can be compared with: media type, count and derivatives.
fn is_only_said(door: &Door, at: usize) -> bool {
    const DIGEST_END: usize = 4 + 32 + 1 + 16 + 8 + 8 + 32;
    door.name == "pointer" && at >= DIGEST_END
}

#[cfg(feature = "std")]
mod containers {
    use std::io::{Cursor, Read, Seek, Write};

    use confidant::{ContainerWriter, FileError, FileRangeReader, FileReader};

    use super::*;

    pub fn container(data: &[u8], seed: u64) -> Vec<u8> {
        let (rng, out) = (&mut TestRng::new(seed), Cursor::new(Vec::new()));
        let mut writer = ContainerWriter::new(out, recipients(1), Padding::None, rng).unwrap();
        writer.write_all(data).unwrap();
        writer.finish().unwrap().0.into_inner()
    }

    pub fn read(file: &[u8], context: &DataContext) -> (Vec<u8>, Result<(), FileError>) {
        let opened = FileReader::open(file, context, UnwrapWith::Local(&local(1)));
        drain(opened.map(|(reader, _)| reader))
    }

    pub fn seek(file: &[u8], context: &DataContext) -> (Vec<u8>, Result<(), FileError>) {
        let opened =
            FileRangeReader::open(Cursor::new(file), context, UnwrapWith::Local(&local(1)));
        let rewound = opened.and_then(|(mut reader, _)| reader.rewind().map(|()| reader));
        drain(rewound)
    }

    /// All that a reader gives, and what was wrong.
    fn drain(reader: std::io::Result<impl Read>) -> (Vec<u8>, Result<(), FileError>) {
        let mut out = Vec::new();
        let read = reader.and_then(|mut reader| reader.read_to_end(&mut out));
        (out, read.map(drop).map_err(|error| FileError::of(&error).unwrap()))
    }

    type Drain = fn(&[u8], &DataContext) -> (Vec<u8>, Result<(), FileError>);

    fn door(read: Drain) -> Door {
        Door {
            name: "container",
            valid: container(b"a picture", 4),
            ends: ["Truncated", "Corrupt { chunk: 0 }"],
            elsewhere: UNWRAP,
            open: Box::new(move |bytes, context| {
                let (out, result) = read(bytes, context);
                assert_eq!(out, if result.is_ok() { &b"a picture"[..] } else { b"" });
                said(result)
            }),
        }
    }

    pub fn streamed() -> Door {
        door(read)
    }

    pub fn sought() -> Door {
        door(seek)
    }

    /// Read as a stream.
    pub fn archive() -> Door {
        let restored = |bytes: &[u8], context: &DataContext, out: &mut Vec<u8>| {
            let (mut input, with) = (bytes, UnwrapWith::Local(&local(1)));
            let header = ArchiveHeader::read_from(&mut input)?;
            let opened = header.open(context, with, ExpectedArchive::Any)?;
            opened.accept().reader(input)?.read_to_end(out)
        };
        Door {
            open: Box::new(move |bytes, context| {
                let mut out = Vec::new();
                let result = restored(bytes, context, &mut out).map_err(|error| {
                    let of_content = FileError::of(&error).map(ArchiveError::from);
                    of_content.or(ArchiveError::of(&error)).unwrap()
                });
                assert_eq!(out, if result.is_ok() { &b"a backup."[..] } else { b"" });
                said(result)
            }),
            ..super::archive()
        }
    }
}

/// The context that a door's bytes are bound to.
fn context(door: &Door, of: fn(Purpose) -> DataContext) -> DataContext {
    of(match door.name {
        "record" => Purpose::Record,
        "keyring" => Purpose::Keyring,
        "archive" | "header of an archive" | "recovery set" => Purpose::Archive,
        _ => Purpose::File,
    })
}

fn open(door: &Door, bytes: &[u8]) -> Result<(), String> {
    (door.open)(bytes, &context(door, janes))
}

/// What the tests below change opens as it is.
#[test]
fn the_unchanged_opens() {
    for door in doors() {
        assert_eq!(open(&door, &door.valid), Ok(()), "{}", door.name);
    }
}

/// whatever ends too early is refused, wherever it ends, in each field and at each boundary, and says so.
#[test]
fn every_prefix_is_refused() {
    for door in doors() {
        for len in 0..door.valid.len() {
            let refused = open(&door, &door.valid[..len]);
            assert_eq!(refused, Err(door.ends[0].into()), "{}, {len} bytes", door.name);
        }
    }
}

/// so is what has something behind it.
#[test]
fn a_byte_more_is_refused() {
    for door in doors() {
        for more in [&[0][..], &[0xff], &[0; 16], &door.valid] {
            let refused = open(&door, &[&door.valid, more].concat());
            assert_eq!(refused, Err(door.ends[1].into()), "{}, {}", door.name, more.len());
        }
    }
}

/// everything belongs somewhere, and opens nowhere else.
#[test]
fn another_context_is_refused() {
    for door in doors() {
        let refused = (door.open)(&door.valid, &context(&door, johns));
        assert_eq!(refused, Err(door.elsewhere.into()), "{}", door.name);
    }
}

/// any byte that was changed, to anything, is refused: by what decodes, or by what opens.
#[test]
fn a_changed_byte_is_refused() {
    let mut rng = TestRng::new(8);
    for door in doors() {
        for _ in 0..250 {
            let at = rng.below(door.valid.len() as u64) as usize;
            let mut changed = door.valid.clone();
            changed[at] ^= 1 + rng.below(255) as u8;
            match open(&door, &changed) {
                Err(_) => {}
                // It is another pointer, and nothing of it is overlooked.
                Ok(()) => {
                    assert!(is_only_said(&door, at), "{}, byte {at}", door.name);
                    let pointer = AttachmentPointer::decode(&changed).unwrap();
                    assert_eq!(pointer.encode().as_bytes(), changed);
                }
            }
        }
    }
}

/// what means nothing, alone and behind a good beginning, is refused, which is all that happens.
#[test]
fn noise_is_refused() {
    let mut rng = TestRng::new(9);
    for door in doors() {
        for _ in 0..60 {
            let noise: Vec<u8> = (0..rng.below(300)).map(|_| rng.below(256) as u8).collect();
            let good = rng.below(door.valid.len() as u64) as usize;
            for bytes in [noise.clone(), [&door.valid[..good], &noise].concat()] {
                // By chance the noise may go on as the pointer did.
                let opened = open(&door, &bytes).is_ok();
                assert!(!opened || is_only_said(&door, good), "{}: {bytes:02x?}", door.name);
            }
        }
    }
}

/// The head of one, and what stands behind it of another of the same owner and key: both whole, and not together.
#[test]
fn what_belongs_to_another_is_refused() {
    let with_head =
        |ours: &[u8], theirs: &[u8], len: usize| [&theirs[..len], &ours[len..]].concat();

    // Records: flags and key id. Of the same ones, the head is the same.
    let ring = ring();
    let seal = |padding| {
        let rng = &mut TestRng::new(10);
        ring.seal_record(&janes(Purpose::Record), &[7; 40], padding, rng).unwrap()
    };
    let [plain, padded] = [seal(Padding::None), seal(Padding::Padme)];
    for (ours, theirs) in [(&plain, &padded), (&padded, &plain)] {
        for len in [6, 6 + 24, 6 + 24 + 32] {
            let refused = ring.open_record(&janes(Purpose::Record), &with_head(ours, theirs, len));
            assert_eq!(refused, Err(RecordError));
        }
    }

    // Files of one key: name, salt, commitment.
    let [(info, ours), (other, theirs)] =
        [4, 5].map(|seed| sealed(b"a picture", Padding::None, seed));
    let open = |info, body| said(file_key().open(&janes(Purpose::File), info, body));
    assert_eq!(open(&other, ours.clone()), Err(WRONG.into()));
    assert_eq!(open(&info, with_head(&ours, &theirs, 24)), Err(WRONG.into()));
    assert_eq!(open(&other, with_head(&ours, &theirs, 56)), Err("Corrupt { chunk: 0 }".into()));

    // Keyrings of one owner under one KEK: the entries of one with the name and MAC of the other.
    let open = |bytes: &[u8]| {
        let with = local(1);
        Keyring::open(bytes, &janes(Purpose::Keyring), UnwrapWith::Local(&with), 0).map(drop)
    };
    let made = |seed| {
        let rng = &mut TestRng::new(seed);
        let with = local(1);
        let ring = Keyring::create(&janes(Purpose::Keyring), WrapWith::Local(&with), NOW, rng);
        ring.unwrap().encode()
    };
    let [ours, theirs] = [made(11), made(12)];
    for name in [4 + 16, 30] {
        let mixed = with_head(&ours, &theirs, name);
        let refused = Err(OpenKeyringError::Unwrap(UnwrapError::WrongKeyOrContext));
        assert_eq!(open(&mixed), refused, "{name}");
    }
    let mixed = with_head(&ours, &theirs, ours.len() - 32);
    assert_eq!(open(&mixed), Err(OpenKeyringError::Unauthentic));
}

/// Archives of one series, for the same: the header of one before the body of the other, and the recipients of one in the other.
#[test]
fn an_archive_with_the_header_of_another() {
    let [ours, theirs] = [6, 7].map(|seed| made(b"a backup.", seed));
    let body = ours.len() - 56 - 9 - 16;
    let open = |bytes: &[u8]| {
        let mut out = Vec::new();
        let context = janes(Purpose::Archive);
        let refused = restored(bytes, &context, UnwrapWith::Local(&local(1)), &mut out);
        assert!(out.is_empty());
        refused
    };
    let with = |at: usize| [&theirs[..at], &ours[at..]].concat();
    assert_eq!(open(&with(body)), Err(ArchiveError::WrongKeyOrContext));
    assert_eq!(open(&with(body - 32)), Err(ArchiveError::UnauthenticHeader));
    // 80 bytes before the recipients.
    assert_eq!(open(&with(80)), Err(ArchiveError::UnauthenticHeader));
}

/// Recovery sets of one owner: what stands for a code in one of them is named in its wrapped key, and nothing else is put together either.
#[test]
fn a_recovery_set_with_the_head_of_another() {
    let context = janes(Purpose::Archive);
    let made = |seed| {
        let rng = &mut TestRng::new(seed);
        let (set, codes) = RecoverySet::create(&context, RecoveryProfile::Long, 2, rng).unwrap();
        (set.encode(), codes[0].unlock(&set.id(), RecoveryProfile::Long).unwrap())
    };
    let [(ours, code), (theirs, other)] = [13, 14].map(made);
    let refused = |bytes: &[u8], code| RecoverySet::open(bytes, &context, code, 0).err();
    let not_canonical = OpenRecoveryError::Malformed(confidant::DecodeError::NotCanonical);
    let mixed = [&theirs[..20], &ours[20..]].concat();
    assert_eq!(refused(&mixed, &code), Some(not_canonical));
    let mac = ours.len() - 32;
    let mixed = [&ours[..mac], &theirs[mac..]].concat();
    assert_eq!(refused(&mixed, &code), Some(OpenRecoveryError::Unauthentic));
    assert_eq!(refused(&ours, &other), Some(OpenRecoveryError::WrongSet));
}

/// Whatever has an epoch is refused below the one that its reader remembers, in one way: as stale, and not as damaged.
#[test]
fn an_epoch_of_yesterday_is_refused() {
    let rng = &mut TestRng::new(15);
    let mut ring = ring();
    let (old, epoch) = (ring.encode(), ring.epoch());
    ring.add(NOW, rng).unwrap();
    let with = local(1);
    let open = |min_epoch| {
        Keyring::open(&old, &janes(Purpose::Keyring), UnwrapWith::Local(&with), min_epoch).err()
    };
    assert_eq!([open(epoch), open(ring.epoch())], [None, Some(OpenKeyringError::Stale)]);
    assert_eq!(open(u64::MAX), Some(OpenKeyringError::Stale));

    let (set, codes) = set(RecoveryProfile::Long);
    let (old, context) = (set.encode(), janes(Purpose::Archive));
    let open = |min_epoch| RecoverySet::open(&old, &context, &codes[0], min_epoch).err();
    let stale = Some(OpenRecoveryError::Stale);
    assert_eq!([set.epoch(), set.epoch() + 1, u64::MAX].map(open), [None, stale, stale]);

    let header = archive_header().valid;
    let header = ArchiveHeader::decode(&header).unwrap();
    let id = header.claimed().id();
    let open = |min_epoch| {
        let expected = ExpectedArchive::Series { id, min_epoch };
        header.open(&context, UnwrapWith::Local(&with), expected).err()
    };
    let stale = Some(ArchiveError::Stale);
    assert_eq!([1, 2, u64::MAX].map(open), [None, stale, stale]);
}

/// An archive that was made after a code was used up or revoked is not for it, and says so before anything is tried.
#[test]
fn a_code_that_is_gone_opens_no_later_archive() {
    let (rng, context) = (&mut TestRng::new(16), janes(Purpose::Archive));
    let (set, codes) = set(RecoveryProfile::Long);
    let mut archive = NewArchive::first(&context, NOW, 9, rng).unwrap();
    for code in set.recipients() {
        archive.add(WrapWith::Code(&code), rng).unwrap();
    }
    let mut bytes = Vec::new();
    let mut sealer = archive.seal(&mut bytes, rng).unwrap();
    sealer.update(b"a backup.", &mut bytes).unwrap();
    sealer.finish(&mut bytes).unwrap();
    let open = |code: &RecoveryCodeKey| {
        let mut out = Vec::new();
        restored(&bytes, &context, UnwrapWith::Code(code), &mut out).map(|()| out)
    };
    let gone = Err(ArchiveError::Unwrap(UnwrapError::WrongKek));
    assert_eq!(open(&codes[0]), Ok(b"a backup.".to_vec()));
    assert_eq!([open(&codes[1]), open(&codes[2])], [gone.clone(), gone]);
}

/// The chunks of a container, its header and the first 56 bytes of the body before them; and what each disorder is, with as much as is
/// given out before it is found.
#[cfg(feature = "std")]
#[test]
fn chunks_of_a_container_keep_their_order() {
    use confidant::FileError;
    use containers::{container, read, seek};

    const CHUNK: usize = 16_384;
    let data: Vec<u8> = (0..4 * CHUNK + 9).map(|i| (i % 251) as u8).collect();
    let (context, body) = (janes(Purpose::File), HEADER_LEN + 56);
    let [file, other] = [4, 5].map(|seed| container(&data, seed));
    let chunks = |file: &[u8]| -> Vec<Vec<u8>> {
        file[body..].chunks(CHUNK + 16).map(<[u8]>::to_vec).collect()
    };
    let (ours, theirs) = (chunks(&file), chunks(&other));
    let orders: [(&[&Vec<u8>], u64); 6] = [
        (&[&ours[1], &ours[0], &ours[2], &ours[3], &ours[4]], 0),
        (&[&ours[0], &ours[0], &ours[2], &ours[3], &ours[4]], 1),
        (&[&ours[0], &ours[1], &ours[3], &ours[2], &ours[4]], 2),
        (&[&ours[0], &ours[1], &theirs[2], &ours[3], &ours[4]], 2),
        (&[&ours[0], &ours[1], &ours[2], &ours[2], &ours[4]], 3),
        (&[&ours[0], &ours[1], &ours[2], &ours[3], &theirs[4]], 4),
    ];
    for (order, chunk) in orders {
        let changed = [&[&file[..body]][..], &order.iter().map(|c| &c[..]).collect::<Vec<_>>()];
        let changed = changed.concat().concat();
        let corrupt = Err(FileError::Corrupt { chunk });
        let released = &data[..chunk as usize * CHUNK];
        assert!(read(&changed, &context) == (released.to_vec(), corrupt), "{chunk}");
        // What is sought has the last chunk first: if that is not it, there is nothing.
        let released = if chunk == 4 { &[] } else { released };
        assert!(seek(&changed, &context) == (released.to_vec(), corrupt), "{chunk}");
    }
    // One that is missing, and one too many: the length is authentic.
    let fewer = [&file[..body], &ours[..3].concat(), &ours[4]].concat();
    let corrupt = |chunk| Err(FileError::Corrupt { chunk });
    assert!(read(&fewer, &context) == (data[..3 * CHUNK].to_vec(), Err(FileError::Truncated)));
    assert!(seek(&fewer, &context) == (vec![], Err(FileError::Truncated)));
    let more = [&file[..], &ours[4]].concat();
    assert!(read(&more, &context) == (data[..4 * CHUNK].to_vec(), corrupt(4)));
    assert!(seek(&more, &context) == (vec![], corrupt(4)));
}

/// the header of another file of the same key, for the same, before this body, is refused before anything is decrypted.
#[cfg(feature = "std")]
#[test]
fn a_container_with_the_header_of_another_file() {
    use confidant::FileError;
    use containers::{container, read, seek};

    let context = janes(Purpose::File);
    let [ours, theirs] = [4, 5].map(|seed| container(b"a picture", seed));
    for (at, error) in [
        (HEADER_LEN, FileError::WrongKeyOrContext),
        (HEADER_LEN - 32, FileError::UnauthenticHeader),
        (32, FileError::UnauthenticHeader),
    ] {
        let mixed = [&theirs[..at], &ours[at..]].concat();
        assert_eq!(read(&mixed, &context), (vec![], Err(error)), "{at}");
        assert_eq!(seek(&mixed, &context), (vec![], Err(error)), "{at}");
    }
}

/// a key that claims to be stretched for days, with terabytes, wherever it can stand: refused before anything is computed, and
/// nothing is reserved for it.
#[cfg(feature = "password")]
#[test]
fn argon2_outside_of_the_bounds_is_refused_at_every_door() {
    use confidant::{FileError, Passphrase};

    let rng = &mut TestRng::new(17);
    let phrase = Passphrase::new(b"correct horse".to_vec()).unwrap();
    let (by, with) = (WrapWith::Passphrase(&phrase, least()), UnwrapWith::Passphrase(&phrase));
    let ring = Keyring::create(&janes(Purpose::Keyring), by, NOW, rng).unwrap().encode();
    let mut recipients = FileRecipients::new(file_key(), &janes(Purpose::File), 256);
    recipients.add(by, rng).unwrap();
    let header = recipients.header(&sealed(b"a picture", Padding::None, 4).0);
    let mut archive = NewArchive::first(&janes(Purpose::Archive), NOW, 0, rng).unwrap();
    archive.add(by, rng).unwrap();
    let mut backup = Vec::new();
    archive.seal(&mut backup, rng).unwrap().finish(&mut backup).unwrap();

    // Version, memory, passes, lanes, in this order, wherever they stand.
    let honest = [&[0x13][..], &(8_u32 << 10).to_be_bytes(), &1_u32.to_be_bytes(), &[1]].concat();
    let claim = |bytes: &[u8], memory: u32, passes: u32, lanes: u8| {
        let at = bytes.windows(10).position(|part| part == honest).unwrap();
        let mut claimed = bytes.to_vec();
        claimed[at + 1..at + 5].copy_from_slice(&memory.to_be_bytes());
        claimed[at + 5..at + 9].copy_from_slice(&passes.to_be_bytes());
        claimed[at + 9] = lanes;
        claimed
    };
    for (memory, passes, lanes) in [
        ((8 << 10) - 1, 1, 1),
        ((2 << 20) + 1, 1, 1),
        (8 << 10, 0, 1),
        (8 << 10, 65, 1),
        (8 << 10, 1, 0),
        (8 << 10, 1, 17),
        (u32::MAX, u32::MAX, 255),
    ] {
        let claim = |bytes: &[u8]| claim(bytes, memory, passes, lanes);
        let [ring, header, backup] = [claim(&ring), claim(&header), claim(&backup)];
        let refused = Err(UnwrapError::OutOfBounds);
        let (results, cost) = counted(|| {
            let opened = Keyring::open(&ring, &janes(Purpose::Keyring), with, 0).map(drop);
            let header = FileHeader::decode(&header).unwrap();
            let header = header.open(&janes(Purpose::File), with).map(drop);
            let context = janes(Purpose::Archive);
            (opened, header, restored(&backup, &context, with, &mut Vec::new()))
        });
        let expected = (
            refused.map_err(OpenKeyringError::Unwrap),
            refused.map_err(FileError::Unwrap),
            refused.map_err(ArchiveError::Unwrap),
        );
        assert_eq!(results, expected, "{memory} {passes} {lanes}");
        assert!(cost.bytes < 10_000, "{cost:?}");
    }
}

/// what is kept of a file beside its wrapped key has one form: fewer bytes, more, other flags, and a length that no file has are
/// refused, and nothing is allocated for it. All else is of another file, which is for the file's reader to find out.
#[test]
fn what_is_kept_of_a_file_has_one_form() {
    use confidant::limits::MAX_FILE;
    use confidant::{DecodeError, FileError, FileId};

    let read = |bytes: &[u8]| {
        let (info, cost) = counted(|| FileInfo::from_bytes(bytes));
        assert_eq!(cost.bytes, 0);
        info
    };
    let id = FileId::from_bytes([7; 16]);
    for (padding, flag) in [(Padding::None, 0), (Padding::Padme, 0x80)] {
        for len in [0, 1, 16_384, MAX_FILE] {
            let info = FileInfo::new(id, len, padding).unwrap();
            let kept = info.to_bytes();
            assert_eq!(kept[..], [&[7; 16][..], &len.to_be_bytes(), &[flag]].concat());
            assert_eq!(read(&kept), Ok(info));
            for end in 0..kept.len() {
                assert_eq!(read(&kept[..end]), Err(FileError::Truncated), "{end}");
            }
            let trailing = Err(FileError::Malformed(DecodeError::TrailingBytes));
            assert_eq!(read(&[&kept[..], &[0]].concat()), trailing);
            assert_eq!(read(&[kept, kept].concat()), trailing);
        }
    }
    let kept = |len: u64, flag: u8| [&[7; 16][..], &len.to_be_bytes(), &[flag]].concat();
    for flag in (0..=255).filter(|flag| ![0, 0x80].contains(flag)) {
        assert_eq!(read(&kept(9, flag)), Err(FileError::Unsupported), "{flag}");
    }
    for len in [MAX_FILE + 1, 1 << 63, u64::MAX] {
        assert_eq!([0, 0x80].map(|flag| read(&kept(len, flag))), [Err(FileError::Limit); 2]);
    }
    // What is read is written as it was.
    let mut rng = TestRng::new(18);
    for _ in 0..1_000 {
        let id: [u8; 16] = std::array::from_fn(|_| rng.below(256) as u8);
        let (len, flag) = (rng.below(MAX_FILE + 1), [0, 0x80][rng.below(2) as usize]);
        let bytes = [&id[..], &len.to_be_bytes(), &[flag]].concat();
        assert_eq!(read(&bytes).unwrap().to_bytes()[..], bytes);
    }
}

/// wherever something is counted, the most that the count can say, with nothing behind it, and with zeros: 64 KiB of them, or as many
/// as the header has said.
#[test]
fn the_most_that_can_be_claimed_costs_nothing() {
    let (kek, (set, codes)) = (local(1), set(RecoveryProfile::Long));
    let [context, whose] = [Purpose::Archive, Purpose::Keyring].map(janes);
    type Read<'a> = &'a dyn Fn(&[u8]) -> Result<(), String>;
    let read_ring: Read<'_> =
        &|bytes| said(Keyring::open(bytes, &whose, UnwrapWith::Local(&kek), 0));
    let read_set: Read<'_> = &|bytes| said(RecoverySet::open(bytes, &context, &codes[0], 0));
    let read_pointer: Read<'_> = &|bytes| said(AttachmentPointer::decode(bytes));
    let read_header: Read<'_> = &|bytes| said(FileHeader::decode(bytes));
    let read_wrapped: Read<'_> = &|bytes| said(WrappedKey::decode(bytes));
    let by_kind: [Door; 5] = wrapped_keys().try_into().ok().unwrap();
    let [wrapped, to_recipient, to_code, by_kms, _] = by_kind;
    let (too_many, zeros) = ("Malformed(TooMany)", 1 << 16);
    // Behind its key, the file's part and its media type.
    let pointers = 4 + 32 + 65 + 1 + 9;
    for (stored, count, zeros, read, error) in [
        (ring().encode(), 28..30, zeros, read_ring, too_many),
        (set.encode(), 29..30, zeros, read_set, too_many),
        (pointer().valid, pointers..pointers + 1, zeros, read_pointer, "TooMany"),
        // 255 can be true; here there are wrapped keys without a byte.
        (file_header().valid, 32..33, HEADER_LEN - 33, read_header, "Truncated"),
        // A reference: 64 bytes at most, 8 for a public key, and none for a code.
        (wrapped.valid, 12..13, zeros, read_wrapped, "TooLong"),
        (to_recipient.valid, 12..13, zeros, read_wrapped, "NotCanonical"),
        (to_code.valid, 12..13, zeros, read_wrapped, "NotCanonical"),
        // What a service gave, behind its name.
        (by_kms.valid, 16..18, zeros, read_wrapped, "TooLong"),
    ] {
        let mut claimed = stored;
        claimed[count.clone()].fill(0xff);
        claimed.truncate(count.end);
        let long = [&claimed[..], &vec![0; zeros]].concat();
        for bytes in [claimed, long] {
            let (result, cost) = counted(|| read(&bytes));
            assert_eq!(result, Err(error.into()), "{count:?}");
            // The error's text, and of a pointer its key and media type.
            assert!(cost.bytes < 200, "{count:?}: {cost:?}");
        }
    }
}

/// whatever stands in the place of a length or count, at any offset, of whatever is stored: opening it to the end takes no more than
/// so many times what is there, one chunk, and the error's text.
#[test]
fn claimed_lengths_reserve_nothing() {
    for door in doors() {
        let context = context(&door, janes);
        let most = |len: usize| 8 * len + 16_400 + 4_096;
        for at in 0..door.valid.len() {
            for width in [1, 2, 4, 8] {
                let end = door.valid.len().min(at + width);
                let mut claimed = door.valid.clone();
                claimed[at..end].fill(0xff);
                for bytes in [&claimed[..], &claimed[..end]] {
                    let (_, cost) = counted(|| (door.open)(bytes, &context));
                    let most = most(bytes.len().max(600));
                    assert!(cost.bytes <= most, "{}, byte {at}: {cost:?}", door.name);
                }
            }
        }
    }
}
