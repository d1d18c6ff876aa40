//! One file of vectors: read, run, compared and counted.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::format;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::vec::Vec;

use serde_json::{Map, Value};

use super::given::{Given, Object, below, number, text};

pub(super) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/test-vectors");

/// Does what a vector says, and gives what the vector lists in `out`.
pub(super) type Op = fn(&mut Given) -> Result<Value, Stop>;

/// A file of vectors, and the operations that its vectors name.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) ops: &'static [(&'static str, Op)],
}

/// Why an operation gave nothing.
pub(super) enum Stop {
    /// An error of the crate, as `Debug` prints it.
    Refused(String),
    /// The vector is of a suite, or wants Argon2id, that this build does not have.
    Absent,
}

impl<E: Debug> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Refused(format!("{error:?}"))
    }
}

/// For bytes that name their suite at `suite_at`: a build without the hybrid suite refuses them there, as it should, and
/// the vector is not for it.
pub(super) fn decoded<T>(
    result: Result<T, impl Into<Stop>>,
    bytes: &[u8],
    suite_at: usize,
) -> Result<T, Stop> {
    result.map_err(|error| match error.into() {
        Stop::Refused(name)
            if !cfg!(feature = "pq")
                && name.contains("UnsupportedSuite")
                && bytes.get(suite_at) == Some(&2) =>
        {
            Stop::Absent
        }
        stop => stop,
    })
}

struct Vector {
    name: String,
    expect: String,
    op: String,
    of: Option<String>,
    given: Map<String, Value>,
    /// `out`, or the events of a conversation.
    out: Value,
}

impl Vector {
    fn read(value: Value) -> Self {
        let mut fields = Object::new("vector", value);
        let events = fields.optional("events");
        let out = fields.optional("out");
        assert!(events.is_none() || out.is_none(), "events have their own results");
        let Value::Object(mut given) = fields.value("in") else { panic!("`in` is no object") };
        given.extend(events.clone().map(|events| (String::from("events"), events)));
        let vector = Self {
            name: fields.text("name"),
            expect: fields.text("expect"),
            op: fields.text("op"),
            of: fields.optional("of").as_ref().map(text),
            given,
            out: out.or(events).unwrap_or_default(),
        };
        let reasoned = fields.optional("why").is_some_and(|why| !text(&why).is_empty());
        assert!(reasoned || vector.expect == "ok", "{} does not say why", vector.name);
        let requirements = fields.list("req");
        assert!(!requirements.is_empty() && requirements.iter().all(|r| text(r).starts_with("R-")));
        fields.finish();
        vector
    }

    fn given(&self, success: Option<&Self>) -> Given {
        let own = Value::Object(self.given.clone());
        let Some(success) = success else { return Given::new(&own, Map::new(), Map::new()) };
        Given::new(&own, success.given.clone(), success.linked(&self.op))
    }

    /// The results of this success that a vector of operation `op` takes as inputs, and those of its inputs that the vector
    /// may edit.
    fn linked(&self, op: &str) -> Map<String, Value> {
        let result = |key: &str| Map::from_iter([(String::from(key), self.out[key].clone())]);
        let input = |key: &str| Map::from_iter([(String::from(key), self.given[key].clone())]);
        match op {
            "accept" => {
                let index: usize = self.given.get("deliver").map_or(0, number).try_into().unwrap();
                let ad = self.given["messages"][index].get("ad").cloned().unwrap_or("".into());
                let message = self.out["messages"][index]["bytes"].clone();
                Map::from_iter([("message".into(), message), ("ad".into(), ad)])
            }
            "verify-bundle" => result("bundle"),
            "decode-publication" => result("publication"),
            "decode-identity" => result("identity"),
            "open-prekey" => result("identity").into_iter().chain(result("body")).collect(),
            "decrypt" => result("message"),
            "restore-session" | "restore-store" | "restore-group" | "restore-trust" => {
                result("snapshot")
            }
            "decode-server-certificate" | "decode-sender-certificate" | "check-certificate" => {
                result("certificate")
            }
            "open-sealed" => Map::from_iter([("message".into(), self.out["messages"][0].clone())]),
            "upload" => result("upload"),
            "decode-context" => result("context"),
            "open-record" => result("record"),
            "unwrap" => result("wrapped"),
            "open-keyring" => result("keyring"),
            "decode-pointer" | "fetch" => result("pointer"),
            "decode-file-info" => result("bytes"),
            "claimed-recovery" | "open-recovery" => result("set"),
            "decode-archive-info" => {
                let last = self.out["archives"].as_array().unwrap().last().unwrap();
                Map::from_iter([("core".into(), last["core"].clone())])
            }
            "rebind" => input("record"),
            "rewrap" => input("wrapped"),
            "group-decrypt" if self.op == "group-decrypt" => {
                input("message").into_iter().chain(input("receiver")).collect()
            }
            "group-decrypt" => result("message").into_iter().chain(input("receiver")).collect(),
            "group-encrypt" => input("sender"),
            "receive-distribution" => {
                input("distribution").into_iter().chain(input("receiver")).collect()
            }
            _ => Map::new(),
        }
    }

    /// Results in it that are successes, and that are errors.
    fn tally(&self) -> (usize, usize) {
        let events = self.out.as_array().map_or(&[][..], Vec::as_slice);
        let refused = events.iter().filter(|event| event["expect"] != "ok").count();
        if self.expect == "ok" { (1, refused) } else { (0, 1) }
    }
}

fn read(file: &File) -> BTreeMap<String, Vector> {
    let path = format!("{FOLDER}/{}", file.name);
    let mut book =
        Object::new(file.name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap());
    assert!(!book.text("about").is_empty());
    let mut vectors = BTreeMap::new();
    for vector in book.list("vectors").into_iter().map(Vector::read) {
        let again = vectors.insert(vector.name.clone(), vector);
        assert!(again.is_none(), "two vectors have one name");
    }
    book.finish();
    vectors
}

/// Runs every vector of a file. All that disagree are listed, not only the first.
pub(super) fn run(file: &File) {
    let vectors = read(file);
    let (mut successes, mut failures, mut absent) = (0, 0, 0);
    let mut disagreements = Vec::new();
    for vector in vectors.values() {
        let success = vector.of.as_ref().map(|name| &vectors[name]);
        match outcome(file, vector, success) {
            Ok(()) => {
                let (ok, refused) = vector.tally();
                successes += ok;
                failures += refused;
            }
            Err(Disagreement::Absent) => absent += 1,
            Err(Disagreement::At(places)) => {
                disagreements.push(format!("{}: {}", vector.name, places.join("; ")));
            }
        }
    }
    let name = file.name;
    std::println!(
        "{name}: {successes} successes, {failures} failures, {absent} that this build does not have"
    );
    assert!(
        disagreements.is_empty(),
        "{name}, {}:\n{}",
        disagreements.len(),
        disagreements.join("\n")
    );
    assert!(successes > 0 && failures > 0, "{name} shows nothing");
    let complete = cfg!(all(feature = "pq", feature = "password"));
    assert!(absent == 0 || !complete, "{name}: every suite is there, and Argon2id");
}

enum Disagreement {
    Absent,
    At(Vec<String>),
}

impl Disagreement {
    fn one(place: String) -> Self {
        Self::At(Vec::from([place]))
    }
}

fn outcome(file: &File, vector: &Vector, success: Option<&Vector>) -> Result<(), Disagreement> {
    let op = file.ops.iter().find(|(name, _)| *name == vector.op);
    let (_, op) = op.unwrap_or_else(|| panic!("{}: unknown operation {}", vector.name, vector.op));
    let mut given = vector.given(success);
    given.expected = success.unwrap_or(vector).out.clone();
    let result = catch_unwind(AssertUnwindSafe(|| op(&mut given)));
    let result = result.map_err(|panic| Disagreement::one(format!("panics: {}", said(&*panic))))?;
    judge(vector, success, result)?;
    let unread = given.unread();
    if unread.is_empty() { Ok(()) } else { Err(Disagreement::one(format!("unread: {unread:?}"))) }
}

fn judge(
    vector: &Vector,
    success: Option<&Vector>,
    result: Result<Value, Stop>,
) -> Result<(), Disagreement> {
    let expect = vector.expect.as_str();
    match (expect, result) {
        (_, Err(Stop::Absent)) => Err(Disagreement::Absent),
        ("ok", Ok(out)) => {
            let mut found = Vec::new();
            compare("", &vector.out, &out, &mut found);
            if found.is_empty() { Ok(()) } else { Err(Disagreement::At(found)) }
        }
        ("differs", Ok(out)) if success.is_some_and(|success| out != success.out) => Ok(()),
        (_, Err(Stop::Refused(name))) if name == expect => Ok(()),
        (_, Err(Stop::Refused(name))) => {
            Err(Disagreement::one(format!("expected {expect}, got {name}")))
        }
        (_, Ok(_)) => Err(Disagreement::one(format!("expected {expect}, got ok"))),
    }
}

/// Lists where two values differ.
fn compare(path: &str, expected: &Value, got: &Value, found: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let (a, b) = (a.get(key), b.get(key));
                compare(
                    &below(path, key),
                    a.unwrap_or(&Value::Null),
                    b.unwrap_or(&Value::Null),
                    found,
                );
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}[{i}]"), a, b, found);
            }
        }
        _ if expected == got => {}
        _ => found.push(format!("{path}: expected {}, got {}", brief(expected), brief(got))),
    }
}

fn brief(value: &Value) -> String {
    let mut text = format!("{value}");
    if text.len() > 200 {
        let len = text.len();
        text.truncate(200);
        text.push_str(&format!("… ({len})"));
    }
    text
}

fn said(panic: &dyn core::any::Any) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?")
}
