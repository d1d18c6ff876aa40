//! file.json: keys of derivatives, and the detached form. How a body is opened is in `file_found`, the attached form in `file_container`,
//! pointers are in `file_pointer`.

use std::cell::Cell;
use std::string::String;
use std::vec::Vec;

use serde_json::{Value, json};

use super::aead::brief;
use super::book::{self, File, Stop};
use super::envelope_kek::context;
use super::file_found::Found;
use super::given::{Given, Object, data, hex, text};
use super::parties::secret;
use super::replay::Replay;
use super::{file_container, file_pointer};
use crate::primitives::aead;
use crate::{
    DataContext, Derivative, DerivativeKind, FileId, FileInfo, FileKey, FileSealer, Padding,
    SealFileError,
};

pub(super) const FILE: File = File {
    name: "file.json",
    ops: &[
        ("derivative", derivative),
        ("seal-file", seal),
        ("open-file", open),
        ("read-part", read_part),
        ("file-info", info),
        ("decode-file-info", decode_info),
        ("seal-container", file_container::seal),
        ("open-container", file_container::open),
        ("change-recipients", file_container::change),
        ("pointer", file_pointer::make),
        ("decode-pointer", file_pointer::decode),
        ("attachment", file_pointer::attach),
        ("fetch", file_pointer::fetch),
    ],
};

#[test]
fn files() {
    book::run(&FILE);
}

pub(super) fn file_key(bytes: &[u8]) -> FileKey {
    FileKey::from_secret(secret(bytes))
}

pub(super) fn derivative_kind(value: &Value) -> DerivativeKind {
    match value.as_str() {
        Some("Thumbnail") => DerivativeKind::Thumbnail,
        Some("Preview") => DerivativeKind::Preview,
        Some("Transcript") => DerivativeKind::Transcript,
        _ => DerivativeKind::application(value.as_u64().unwrap().try_into().unwrap()).unwrap(),
    }
}

pub(super) fn which(fields: &mut Object) -> Derivative {
    Derivative { kind: derivative_kind(&fields.value("kind")), index: fields.small("index") }
}

fn derivative(given: &mut Given) -> Result<Value, Stop> {
    let key = file_key(&given.fields.bytes("file_key")).derivative(which(&mut given.fields));
    let sealed = Sealed::of(&key, &DataContext::new(crate::Purpose::Derivative));
    let expected = &given.expected["body_key"];
    // Of a derivative of another key, only that it is another one is asked.
    let is_it = hex(key.secret().expose()) == given.expected["file_key"];
    let body_key = if is_it { sealed.body_key(expected) } else { Value::Null };
    Ok(json!({"file_key": hex(key.secret().expose()), "body_key": body_key}))
}

/// An empty file, to see the body key by.
struct Sealed {
    padding: Padding,
    context: Vec<u8>,
    body: Vec<u8>,
}

/// What a body's context begins with.
pub(super) const fn kind(padding: Padding) -> &'static [u8] {
    match padding {
        Padding::None => b"file",
        Padding::Padme => b"padded file",
    }
}

impl Sealed {
    fn of(key: &FileKey, context: &DataContext) -> Self {
        let random = [json!("00".repeat(16)), json!("00".repeat(24))];
        let (_, body) = key.seal(context, &[], Padding::None, &mut Replay::new(&random)).unwrap();
        let context = [&[0; 16], context.as_bytes()].concat();
        Self { padding: Padding::None, context, body }
    }

    /// The expected one, if it opens the body.
    fn body_key(&self, expected: &Value) -> Value {
        let key = data(expected, None).try_into().unwrap();
        let opened = aead::open(&key, [kind(self.padding), &self.context, &[]], &self.body);
        opened.map_or(Value::Null, |_| expected.clone())
    }
}

/// What was sealed last: most vectors damage the file of the vector before them.
struct Last {
    of: [Value; 4],
    sealed: (FileInfo, Vec<u8>),
}

std::thread_local! {
    static LAST: Cell<Option<Last>> = const { Cell::new(None) };
}

/// What is sealed, and under what.
pub(super) struct Inputs {
    pub(super) key: FileKey,
    pub(super) context: DataContext,
    pub(super) padding: Padding,
    pub(super) data: Vec<u8>,
}

pub(super) fn padding(is_padded: &Value) -> Padding {
    if is_padded.as_bool().unwrap() { Padding::Padme } else { Padding::None }
}

impl Inputs {
    pub(super) fn read(fields: &mut Object) -> Self {
        Self {
            key: file_key(&fields.bytes("file_key")),
            context: context(&fields.bytes("context")),
            padding: padding(&fields.value("padded")),
            data: fields.bytes("data"),
        }
    }

    pub(super) fn seal(&self, random: &[Value]) -> Result<(FileInfo, Vec<u8>), SealFileError> {
        let of = [
            hex(self.key.secret().expose()),
            hex(self.context.as_bytes()),
            hex(&self.data),
            json!([self.padding == Padding::Padme, random]),
        ];
        let again = LAST.take().filter(|last| last.of == of);
        let sealed = again.map_or_else(|| self.seal_anew(random), |last| Ok(last.sealed))?;
        LAST.set(Some(Last { of, sealed: sealed.clone() }));
        Ok(sealed)
    }

    fn seal_anew(&self, random: &[Value]) -> Result<(FileInfo, Vec<u8>), SealFileError> {
        let mut rng = Replay::new(random).then_failing();
        let sealed = self.key.seal(&self.context, &self.data, self.padding, &mut rng)?;
        rng.finish();
        Ok(sealed)
    }

    /// Chunk by chunk, and by a writer, it is the same.
    fn check_ways(&self, random: &[Value], info: &FileInfo, body: &[u8]) {
        let mut sealer =
            FileSealer::new(&self.key, &self.context, self.padding, &mut Replay::new(random))
                .unwrap();
        let mut out = sealer.header().to_vec();
        let (full, rest) = self.data.as_chunks::<{ aead::CHUNK }>();
        for text in full {
            let mut chunk = [0; aead::SEALED_CHUNK];
            chunk[..aead::CHUNK].copy_from_slice(text);
            sealer.seal_chunks(core::slice::from_mut(&mut chunk)).unwrap();
            out.extend(chunk);
        }
        let mut chunk = [0xaa; aead::SEALED_CHUNK];
        chunk[..rest.len()].copy_from_slice(rest);
        let write = |part: &[u8]| {
            out.extend(part);
            Ok::<_, SealFileError>(())
        };
        let made = sealer.finish(&mut chunk, rest.len(), write);
        assert_eq!((made, &out[..]), (Ok(*info), body));
        #[cfg(feature = "std")]
        assert_eq!(self.written(random), (body.to_vec(), *info));
    }

    #[cfg(feature = "std")]
    fn written(&self, random: &[Value]) -> (Vec<u8>, FileInfo) {
        use std::io::Write;

        let rng = &mut Replay::new(random);
        let writer =
            crate::FileWriter::new(Vec::new(), &self.key, &self.context, self.padding, rng);
        let mut writer = writer.unwrap();
        for part in self.data.chunks(5_000) {
            writer.write_all(part).unwrap();
        }
        writer.finish().unwrap()
    }
}

/// As vectors describe a file.
pub(super) fn described(info: &FileInfo) -> Value {
    json!({
        "id": hex(info.id().to_bytes()),
        "length": info.len(),
        "padded": info.padding() == Padding::Padme,
        "body_length": info.ciphertext_len(),
    })
}

fn seal(given: &mut Given) -> Result<Value, Stop> {
    let inputs = Inputs::read(&mut given.fields);
    let random = given.fields.list("random");
    let (info, body) = inputs.seal(&random)?;
    inputs.check_ways(&random, &info, &body);
    if inputs.padding == Padding::None {
        let of_object = FileInfo::of_object(info.id(), body.len().try_into().unwrap());
        assert_eq!(of_object, Ok(info));
    }
    let context = [&info.id().to_bytes()[..], inputs.context.as_bytes()].concat();
    let mut out = described(&info);
    let sealed = Sealed { padding: inputs.padding, context, body: body.clone() };
    out["body_key"] = sealed.body_key(&given.expected["body_key"]);
    out["body"] = brief(&body);
    Ok(out)
}

fn open(given: &mut Given) -> Result<Value, Stop> {
    let found = Found::read(given);
    let way: Option<String> = given.fields.optional("way").as_ref().map(text);
    let found = found?;
    let (memory, front) = (found.in_memory(), found.front_to_back());
    let opened = match way.as_deref() {
        None => {
            assert_eq!(memory, front, "in memory and from front to back");
            front
        }
        Some("front-to-back") => front,
        Some("in-memory") => memory,
        Some(other) => panic!("no such way: {other}"),
    };
    Ok(json!({"data": brief(&opened?)}))
}

fn read_part(given: &mut Given) -> Result<Value, Stop> {
    let found = Found::read(given);
    let (offset, len) = (given.fields.number("offset"), given.fields.number("part"));
    Ok(json!({"data": brief(&found?.part(offset, len)?)}))
}

fn info(given: &mut Given) -> Result<Value, Stop> {
    let id = FileId::from_bytes(given.fields.array("id"));
    let (len, padded) = (given.fields.number("length"), given.fields.value("padded"));
    let info = FileInfo::new(id, len, padding(&padded))?;
    Ok(json!({"bytes": hex(info.to_bytes())}))
}

fn decode_info(given: &mut Given) -> Result<Value, Stop> {
    let bytes = given.fields.bytes("bytes");
    let info = FileInfo::from_bytes(&bytes)?;
    assert_eq!(info.to_bytes()[..], bytes, "there is one encoding");
    Ok(described(&info))
}
