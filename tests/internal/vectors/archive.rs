//! archive.json: series of archives, and who opens them.

use std::vec::Vec;

use serde_json::{Value, json};

use super::aead::brief;
use super::book::{self, File, Stop};
use super::envelope_kek::{Means, context};
use super::file_container::counted;
use super::given::{Given, Object, data, hex};
use super::replay::Replay;
use crate::primitives::aead;
use crate::{
    ArchiveError, ArchiveHeader, ArchiveInfo, DataContext, ExpectedArchive, Keyring, NewArchive,
    SealArchiveError, Secret, UnixTime,
};

pub(super) const FILE: File = File {
    name: "archive.json",
    ops: &[("seal-archives", seal), ("open-archive", open), ("decode-archive-info", decode_info)],
};

/// Length of an archive up to which it is opened byte by byte as well.
const SMALL: usize = 2_000;

#[test]
fn archives() {
    book::run(&FILE);
}

/// One that was made.
struct Made {
    info: ArchiveInfo,
    key: Secret<32>,
    bytes: Vec<u8>,
    /// Where the body begins.
    body: usize,
    text: Vec<u8>,
}

fn series(given: &mut Given) -> Result<(DataContext, Vec<Made>), Stop> {
    let context = context(&given.fields.bytes("context"));
    let before = given.fields.optional("after").map(|core| ArchiveInfo::decode(&data(&core, None)));
    let before = before.transpose()?;
    let mut made: Vec<Made> = Vec::new();
    for value in given.fields.list("archives") {
        let fields = Object::new("archive", value);
        let after = made.last().map(|last| &last.info).or(before.as_ref());
        let next = make(after, &context, fields)?;
        made.push(next);
    }
    Ok((context, made))
}

fn make(
    after: Option<&ArchiveInfo>,
    context: &DataContext,
    mut fields: Object,
) -> Result<Made, Stop> {
    let created = UnixTime::from_secs(fields.number("created"));
    let (text, keks) = (fields.bytes("text"), fields.list("recipients"));
    let len = fields.optional("announced").map_or(text.len() as u64, |len| len.as_u64().unwrap());
    let mut rng = Replay::new(&fields.list("random")).then_failing();
    let root_key = fields.optional("add_root_key");
    fields.finish();
    let mut archive = match after {
        None => NewArchive::first(context, created, len, &mut rng)?,
        Some(previous) => NewArchive::after(previous, context, created, len, &mut rng)?,
    };
    for kek in keks.iter().flat_map(counted) {
        archive.add(Means::read(kek)?.wraps(), &mut rng)?;
    }
    if let Some(keyring) = root_key {
        archive.add_wrapped(Keyring::wrapped_in(&data(&keyring, None)).unwrap())?;
    }
    let (mut bytes, info) = (Vec::new(), *archive.info());
    let key = super::parties::secret(archive.key().expose());
    let mut sealer = archive.seal(&mut bytes, &mut rng)?;
    rng.finish();
    let body = bytes.len() - aead::HEADER_LEN;
    let sealed: Result<_, SealArchiveError> = text
        .chunks(5_000)
        .try_for_each(|part| sealer.update(part, &mut bytes))
        .and_then(|()| sealer.finish(&mut bytes));
    assert_eq!(sealed?, info);
    Ok(Made { info, key, bytes, body, text })
}

fn described(info: &ArchiveInfo) -> Value {
    json!({
        "id": hex(info.id()),
        "epoch": info.epoch(),
        "previous": hex(info.previous()),
        "created": info.created().as_secs(),
        "length": info.len(),
        "digest": hex(info.digest()),
    })
}

/// The body key cannot be seen: the expected one must open the body.
fn seal(given: &mut Given) -> Result<Value, Stop> {
    let (context, made) = series(given)?;
    let mut archives = Vec::new();
    for (i, Made { info, key, bytes, body, text }) in made.iter().enumerate() {
        let body_key = &given.expected["archives"][i]["body_key"];
        let (header, body) = bytes.split_at(*body);
        let opened = aead::open(
            &data(body_key, None).try_into().unwrap(),
            [b"archive", &info.digest(), &[]],
            body,
        );
        assert_eq!(opened.as_ref(), Ok(text));
        let decoded = ArchiveHeader::decode(header)?;
        decoded.open_with_key(&context, key, ExpectedArchive::Any)?;
        let mut out = described(info);
        out["key"] = hex(key.expose());
        out["body_key"] = body_key.clone();
        out["core"] = hex(info.encode());
        out["header"] = brief(header);
        out["body"] = brief(body);
        archives.push(out);
    }
    Ok(json!({"archives": archives}))
}

/// What the caller expects; the one before it, by its place in the series.
enum Expected {
    Any,
    Series([u8; 16], u64),
    After(ArchiveInfo),
}

impl Expected {
    fn read(value: Option<Value>, made: &[Made]) -> Self {
        let Some(value) = value else { return Self::Any };
        let mut fields = Object::new("expected", value);
        let expected = match fields.optional("after") {
            Some(place) => {
                let place = usize::try_from(place.as_u64().unwrap()).unwrap();
                Self::After(made[place].info)
            }
            None => Self::Series(fields.array("id"), fields.number("min_epoch")),
        };
        fields.finish();
        expected
    }

    const fn get(&self) -> ExpectedArchive<'_> {
        match self {
            Self::Any => ExpectedArchive::Any,
            Self::Series(id, min_epoch) => {
                ExpectedArchive::Series { id: *id, min_epoch: *min_epoch }
            }
            Self::After(previous) => ExpectedArchive::After(previous),
        }
    }
}

fn open(given: &mut Given) -> Result<Value, Stop> {
    let (usual, made) = series(given)?;
    let which = usize::try_from(given.fields.number("which")).unwrap();
    let mut bytes = made[which].bytes.clone();
    if let Some(edit) = given.fields.optional("edit") {
        bytes = data(&edit, Some(&bytes));
    }
    let means = Means::read(given.fields.value("with"))?;
    let expected = Expected::read(given.fields.optional("expected"), &made);
    let other = given.fields.optional("with_context");
    let context = other.map_or(usual, |other| context(&data(&other, None)));
    let first = opened(&bytes, &context, &means, &expected, usize::MAX);
    let pieces = if bytes.len() < SMALL { 1 } else { 7_000 };
    assert_eq!(opened(&bytes, &context, &means, &expected, pieces), first, "piece by piece");
    let (info, text) = first?;
    let mut out = described(&info);
    out["text"] = brief(&text);
    Ok(out)
}

/// What begins an archive, read as `needed` says; of one that is cut, what there is.
fn header_of(bytes: &[u8]) -> Result<(ArchiveHeader, &[u8]), ArchiveError> {
    let mut len = 0;
    loop {
        let needed = ArchiveHeader::needed(&bytes[..len])?;
        if needed == len {
            break;
        }
        assert!(needed > len && needed - len <= 1 << 16);
        len = needed;
        if len > bytes.len() {
            let cut = ArchiveHeader::decode(bytes);
            return Err(cut.err().unwrap());
        }
    }
    let (header, body) = bytes.split_at(len);
    Ok((ArchiveHeader::decode(header)?, body))
}

fn opened(
    bytes: &[u8],
    context: &DataContext,
    means: &Means,
    expected: &Expected,
    pieces: usize,
) -> Result<(ArchiveInfo, Vec<u8>), ArchiveError> {
    let (header, body) = header_of(bytes)?;
    let claimed = *header.claimed();
    let mut opener = header.open(context, means.unwraps(), expected.get())?.accept();
    let mut text = Vec::new();
    for piece in body.chunks(pieces) {
        opener.update(piece, &mut text)?;
    }
    let info = opener.finish()?;
    assert_eq!(info, claimed);
    Ok((info, text))
}

fn decode_info(given: &mut Given) -> Result<Value, Stop> {
    let bytes = given.fields.bytes("core");
    let info = ArchiveInfo::decode(&bytes)?;
    assert_eq!(info.encode()[..], bytes, "there is one encoding");
    Ok(described(&info))
}
