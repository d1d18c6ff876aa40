//! What a vector gives, taken field by field: what is left over in the end was not read, and fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::format;
use std::string::String;
use std::vec::Vec;

use serde_json::{Map, Value};

/// The fields of a JSON object that have not been taken yet.
pub(super) struct Object {
    name: String,
    left: Map<String, Value>,
    /// What an edit in a field of this name is an edit of.
    bases: BTreeMap<String, Vec<u8>>,
}

impl Object {
    pub(super) fn new(name: &str, value: Value) -> Self {
        let Value::Object(left) = value else { panic!("{name} is no object: {value}") };
        Self { name: name.into(), left, bases: BTreeMap::new() }
    }

    pub(super) fn optional(&mut self, key: &str) -> Option<Value> {
        self.left.remove(key)
    }

    pub(super) fn value(&mut self, key: &str) -> Value {
        self.optional(key).unwrap_or_else(|| panic!("{} lacks {key}", self.name))
    }

    pub(super) fn object(&mut self, key: &str) -> Self {
        Self::new(key, self.value(key))
    }

    pub(super) fn list(&mut self, key: &str) -> Vec<Value> {
        match self.value(key) {
            Value::Array(list) => list,
            other => panic!("{key} is no list: {other}"),
        }
    }

    pub(super) fn text(&mut self, key: &str) -> String {
        text(&self.value(key))
    }

    pub(super) fn number(&mut self, key: &str) -> u64 {
        number(&self.value(key))
    }

    pub(super) fn small(&mut self, key: &str) -> u32 {
        self.number(key).try_into().unwrap()
    }

    pub(super) fn bytes(&mut self, key: &str) -> Vec<u8> {
        let value = self.value(key);
        data(&value, self.bases.get(key).map(Vec::as_slice))
    }

    /// The bytes, none if the field is absent.
    pub(super) fn optional_bytes(&mut self, key: &str) -> Vec<u8> {
        self.optional(key).map_or_else(Vec::new, |value| data(&value, None))
    }

    pub(super) fn array<const N: usize>(&mut self, key: &str) -> [u8; N] {
        self.bytes(key).try_into().unwrap()
    }

    /// Every field has been read.
    pub(super) fn finish(self) {
        assert!(self.left.is_empty(), "unread in {}: {:?}", self.name, self.left);
    }
}

/// A vector's inputs, over those of the success that it was made from.
pub(super) struct Given {
    pub(super) fields: Object,
    /// The names of the vector's own inputs.
    own: BTreeSet<String>,
    /// What the success gave: for the few values that can be checked but not be seen.
    pub(super) expected: Value,
}

impl Given {
    /// `linked` are results of the success that serve as inputs.
    pub(super) fn new(
        own: &Value,
        inherited: Map<String, Value>,
        linked: Map<String, Value>,
    ) -> Self {
        let bases = linked.iter().map(|(key, value)| (key.clone(), data(value, None))).collect();
        let own = own.as_object().unwrap().clone();
        let names = own.keys().cloned().collect();
        let mut left = inherited;
        left.extend(linked);
        left.extend(own);
        let fields = Object { name: "in".into(), left, bases };
        Self { fields, own: names, expected: Value::Null }
    }

    /// The vector's own inputs that were not read.
    pub(super) fn unread(&self) -> Vec<&String> {
        self.own.iter().filter(|key| self.fields.left.contains_key(*key)).collect()
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).into()
}

pub(super) fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// Hex, `{repeat, length}`, or `{parts}`: ranges of `base` and literal hex, in order.
pub(super) fn data(value: &Value, base: Option<&[u8]>) -> Vec<u8> {
    let Value::Object(_) = value else { return unhex(&text(value)) };
    let mut object = Object::new("data", value.clone());
    let bytes = match object.optional("parts") {
        Some(parts) => edit(&parts, base.expect("an edit of something")),
        None => {
            let (unit, len) = (object.bytes("repeat"), object.number("length"));
            let len = usize::try_from(len).unwrap();
            let mut bytes = unit.repeat(len.div_ceil(unit.len()));
            bytes.truncate(len);
            bytes
        }
    };
    object.finish();
    bytes
}

fn edit(parts: &Value, base: &[u8]) -> Vec<u8> {
    let part = |part: &Value| match part {
        Value::Array(range) => base[index(&range[0], base)..index(&range[1], base)].to_vec(),
        literal => unhex(&text(literal)),
    };
    parts.as_array().unwrap().iter().flat_map(part).collect()
}

/// A place in `base`; null is its end.
fn index(value: &Value, base: &[u8]) -> usize {
    if value.is_null() { base.len() } else { number(value).try_into().unwrap() }
}

fn unhex(text: &str) -> Vec<u8> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    assert!(rest.is_empty(), "an odd number of hex digits");
    pairs.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect()
}

fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => panic!("not a hex digit: {byte}"),
    }
}

/// As the vectors write bytes.
pub(super) fn hex(bytes: impl AsRef<[u8]>) -> Value {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Value::String(digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect())
}

/// A name for a value of a listed place: `path.key`, or `path[3]`.
pub(super) fn below(path: &str, key: impl core::fmt::Display) -> String {
    if path.is_empty() { format!("{key}") } else { format!("{path}.{key}") }
}
