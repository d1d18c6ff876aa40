//! bodies of files are messages of a public standard, and another implementation reads and writes them.
//!
//! `ci/cobblestone` runs this twice with `CONFIDANT_CROSS` set to a folder. The first run writes bodies into `ours/`, which
//! `tests/python/cobblestone_check.py` opens with a library; the second one opens what that library has put into `theirs/`. Without the
//! folder, bodies are compared with the vectors, which the second implementation has made.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use confidant::{
    AttachmentPart, DataContext, FileDigest, FileError, FileId, FileInfo, FileKey, FileOpener,
    Padding, Purpose, Secret,
};
use getrandom::SysRng;
use getrandom::rand_core::{TryCryptoRng, TryRng};
use serde_json::{Value, json};

const CHUNK: usize = 16_384;
const LENGTHS: [usize; 6] = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK];

// ---- Against the library

fn folder() -> Option<PathBuf> {
    std::env::var_os("CONFIDANT_CROSS").map(PathBuf::from)
}

/// bodies are those of the vectors; and with a folder, what the library has sealed opens, and what was changed in it does
/// not, or, the first time, bodies are written for the library.
#[test]
fn another_implementation_and_the_crate_open_each_others_bodies() {
    check_vectors();
    let Some(folder) = folder() else { return };
    let theirs = folder.join("theirs");
    if theirs.is_dir() {
        let (opened, refused) = open_theirs(&theirs);
        assert!(opened > 0 && refused >= opened, "{opened} opened, {refused} refused");
        let counts = json!({"opened": opened, "refused": refused});
        fs::write(folder.join("opened.json"), counts.to_string()).unwrap();
    } else {
        write_ours(&folder.join("ours"));
    }
}

fn random(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    SysRng.try_fill_bytes(&mut bytes).unwrap();
    bytes
}

fn write_ours(folder: &Path) {
    fs::create_dir(folder).unwrap();
    let mut index = Vec::new();
    for (i, len) in LENGTHS.into_iter().chain(LENGTHS).enumerate() {
        let padding = if i < LENGTHS.len() { Padding::None } else { Padding::Padme };
        let (data, object) = (random(len), random(i));
        let key = FileKey::generate(&mut SysRng).unwrap();
        let context = DataContext::new(Purpose::File).object(&object).unwrap();
        let (info, body) = key.seal(&context, &data, padding, &mut SysRng).unwrap();
        fs::write(folder.join(format!("{i}.text")), &data).unwrap();
        fs::write(folder.join(format!("{i}.body")), body).unwrap();
        index.push(json!({
            "name": i.to_string(),
            "file_key": hex(key.secret().expose()),
            "id": hex(&info.id().to_bytes()),
            "context": hex(context.as_bytes()),
            "padded": padding == Padding::Padme,
        }));
    }
    fs::write(folder.join("index.json"), Value::from(index).to_string()).unwrap();
}

/// How many are opened, and how many are refused, as the index says.
fn open_theirs(folder: &Path) -> (usize, usize) {
    let index: Vec<Value> =
        serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    let (mut opened, mut refused) = (0, 0);
    for listed in index {
        let name = listed["name"].as_str().unwrap();
        let text = fs::read(folder.join(format!("{name}.text"))).unwrap();
        let body = fs::read(folder.join(format!("{name}.body"))).unwrap();
        let data = open_both_ways(&listed, text.len(), &body);
        if listed["opens"].as_bool().unwrap() {
            assert!(data.as_deref() == Ok(&text[..]), "{name}: {:?}", data.err());
            opened += 1;
        } else {
            assert!(data.is_err(), "{name} was changed");
            refused += 1;
        }
    }
    (opened, refused)
}

/// In memory, and chunk by chunk.
fn open_both_ways(listed: &Value, len: usize, body: &[u8]) -> Result<Vec<u8>, FileError> {
    let bytes = |name: &str| unhex(listed[name].as_str().unwrap());
    let key = file_key(&bytes("file_key"));
    let context = DataContext::decode(&bytes("context")).unwrap();
    let id = FileId::from_bytes(bytes("id").try_into().unwrap());
    let info = FileInfo::new(id, len as u64, padding(&listed["padded"])).unwrap();
    let whole = key.open(&context, &info, body.to_vec()).map(|data| data.as_bytes().to_vec());
    let chunks = by_chunks(&key, &context, &info, body);
    assert_eq!(chunks.is_ok(), whole.is_ok());
    assert!(chunks.is_err() || chunks == whole);
    whole
}

fn by_chunks(
    key: &FileKey,
    context: &DataContext,
    info: &FileInfo,
    body: &[u8],
) -> Result<Vec<u8>, FileError> {
    let (begin, rest) = body.split_first_chunk().ok_or(FileError::Truncated)?;
    let opener = FileOpener::new(key, context, info, begin)?;
    let (mut data, mut chunks) = (Vec::new(), rest.chunks(CHUNK + 16));
    for k in 0..opener.chunks() {
        let mut chunk = chunks.next().unwrap_or_default().to_vec();
        data.extend_from_slice(opener.open_chunk(k, &mut chunk)?);
    }
    if chunks.next().is_some() { Err(FileError::Truncated) } else { Ok(data) }
}

// ---- Against the vectors

/// Every body of `file.json` is made again from what the vector draws, byte for byte, and opens.
fn check_vectors() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/test-vectors/file.json");
    let book: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let is_body = |vector: &&Value| vector["op"] == "seal-file" && vector["expect"] == "ok";
    let vectors: Vec<&Value> = book["vectors"].as_array().unwrap().iter().filter(is_body).collect();
    assert!(vectors.len() >= 12, "{} bodies", vectors.len());
    for vector in vectors {
        let (given, out) = (&vector["in"], &vector["out"]);
        let key = file_key(&bytes(&given["file_key"]));
        let context = DataContext::decode(&bytes(&given["context"])).unwrap();
        let padding = padding(&given["padded"]);
        let data = bytes(&given["data"]);
        let mut rng = Listed(given["random"].as_array().unwrap().iter().map(bytes).collect());
        let (info, body) = key.seal(&context, &data, padding, &mut rng).unwrap();
        assert!(rng.0.is_empty(), "{}", vector["name"]);
        assert!(is_listed(&info, &body, &out["body"]), "{}", vector["name"]);
        let opened = key.open(&context, &info, body).unwrap();
        assert_eq!(opened.as_bytes(), data);
    }
}

/// The bytes, or their length and SHA-256.
fn is_listed(info: &FileInfo, body: &[u8], listed: &Value) -> bool {
    let Some(sha256) = listed.get("sha256") else { return bytes(listed) == body };
    let part = AttachmentPart::new(*info, FileDigest::of(body), "").unwrap();
    listed["length"] == body.len() && bytes(sha256) == part.digest()
}

/// Gives the listed draws, and nothing else.
struct Listed(VecDeque<Vec<u8>>);

impl TryRng for Listed {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        unimplemented!("the crate draws bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        unimplemented!("the crate draws bytes")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.copy_from_slice(&self.0.pop_front().expect("more is drawn than is listed"));
        Ok(())
    }
}

impl TryCryptoRng for Listed {}

fn padding(is_padded: &Value) -> Padding {
    if is_padded.as_bool().unwrap() { Padding::Padme } else { Padding::None }
}

fn file_key(bytes: &[u8]) -> FileKey {
    FileKey::from_secret(Secret::init_with(|key| key.copy_from_slice(bytes)))
}

/// Hex, or a unit that is repeated.
fn bytes(value: &Value) -> Vec<u8> {
    let Some(length) = value.get("length") else { return unhex(value.as_str().unwrap()) };
    let unit = unhex(value["repeat"].as_str().unwrap());
    unit.into_iter().cycle().take(length.as_u64().unwrap().try_into().unwrap()).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
