//! file.json: pointers to attachments, and attachments from end to end.

use std::string::String;
use std::vec::Vec;

use serde_json::{Value, json};

use super::aead::brief;
use super::book::Stop;
use super::envelope_kek::context;
use super::file::{Inputs, described, file_key, padding, which};
use super::file_found::Found;
use super::given::{Given, Object, data, hex};
use crate::{
    AttachmentError, AttachmentPart, AttachmentPointer, DataContext, Derivative, DerivativeKind,
    FileDigest, FileId, FileInfo, FileKey,
};

fn part(mut fields: Object) -> Result<AttachmentPart, AttachmentError> {
    let id = FileId::from_bytes(fields.array("id"));
    let padding = padding(&fields.value("padded"));
    let info = FileInfo::new(id, fields.number("length"), padding).unwrap();
    let (object, media_type) = (fields.bytes("object"), media_type(&mut fields));
    fields.finish();
    AttachmentPart::new(info, FileDigest::of(&object), &media_type)
}

fn media_type(fields: &mut Object) -> String {
    String::from_utf8(fields.bytes("media_type")).unwrap()
}

pub(super) fn make(given: &mut Given) -> Result<Value, Stop> {
    let key = file_key(&given.fields.bytes("file_key"));
    let file = part(given.fields.object("file"));
    let derivatives = given.fields.list("derivatives");
    let mut pointer = AttachmentPointer::new(key, file?);
    for value in derivatives {
        let mut fields = Object::new("derivative", value);
        let (which, part) = (which(&mut fields), part(fields.object("part")));
        fields.finish();
        pointer = pointer.with_derivative(which, part?)?;
    }
    Ok(json!({"pointer": hex(pointer.encode().as_bytes())}))
}

fn shown(part: &AttachmentPart) -> Value {
    let mut out = described(part.info());
    out["digest"] = hex(part.digest());
    out["media_type"] = hex(part.media_type());
    out
}

fn name(kind: DerivativeKind) -> Value {
    match kind {
        DerivativeKind::Thumbnail => "Thumbnail".into(),
        DerivativeKind::Preview => "Preview".into(),
        DerivativeKind::Transcript => "Transcript".into(),
        DerivativeKind::Application(kind) => kind.number().into(),
    }
}

pub(super) fn decode(given: &mut Given) -> Result<Value, Stop> {
    let bytes = given.fields.bytes("pointer");
    let pointer = AttachmentPointer::decode(&bytes)?;
    assert_eq!(pointer.encode().as_bytes(), bytes, "there is one encoding");
    let derivatives = pointer.derivatives().iter().map(|(Derivative { kind, index }, part)| {
        json!({"kind": name(*kind), "index": index, "part": shown(part)})
    });
    Ok(json!({
        "file_key": hex(pointer.key().secret().expose()),
        "file": shown(pointer.file()),
        "derivatives": derivatives.collect::<Vec<_>>(),
    }))
}

/// One object of an attachment, sealed.
struct Stored {
    which: Option<Derivative>,
    context: DataContext,
    part: AttachmentPart,
    body: Vec<u8>,
}

fn object(file_key: &FileKey, value: Value) -> Result<Stored, Stop> {
    let mut fields = Object::new("object", value);
    let which = fields.optional("kind").map(|kind| Derivative {
        kind: super::file::derivative_kind(&kind),
        index: fields.small("index"),
    });
    let inputs = Inputs {
        key: own_key(file_key, which),
        context: context(&fields.bytes("context")),
        padding: padding(&fields.value("padded")),
        data: fields.bytes("data"),
    };
    let (random, media_type) = (fields.list("random"), media_type(&mut fields));
    fields.finish();
    let (info, body) = inputs.seal(&random)?;
    let part = AttachmentPart::new(info, FileDigest::of(&body), &media_type)?;
    Ok(Stored { which, context: inputs.context, part, body })
}

fn own_key(key: &FileKey, which: Option<Derivative>) -> FileKey {
    which.map_or_else(|| file_key(key.secret().expose()), |which| key.derivative(which))
}

fn objects(given: &mut Given) -> Result<(FileKey, Vec<Stored>), Stop> {
    let key = file_key(&given.fields.bytes("file_key"));
    let values = [given.fields.value("file")].into_iter().chain(given.fields.list("derivatives"));
    let objects = values.map(|value| object(&key, value)).collect::<Result<_, _>>()?;
    Ok((key, objects))
}

pub(super) fn attach(given: &mut Given) -> Result<Value, Stop> {
    let (key, objects) = objects(given)?;
    let bodies: Vec<Value> = objects.iter().map(|object| brief(&object.body)).collect();
    let mut parts = objects.into_iter().map(|object| (object.which, object.part));
    let mut pointer = AttachmentPointer::new(key, parts.next().unwrap().1);
    for (which, part) in parts {
        pointer = pointer.with_derivative(which.unwrap(), part)?;
    }
    Ok(json!({"pointer": hex(pointer.encode().as_bytes()), "objects": bodies}))
}

pub(super) fn fetch(given: &mut Given) -> Result<Value, Stop> {
    let (_, objects) = objects(given)?;
    let which = usize::try_from(given.fields.number("which")).unwrap();
    let object = objects.into_iter().nth(which).unwrap();
    let mut body = object.body;
    if let Some(edit) = given.fields.optional("edit") {
        body = data(&edit, Some(&body));
    }
    let pointer = AttachmentPointer::decode(&given.fields.bytes("pointer"))?;
    let derivative = which.checked_sub(1).map(|place| &pointer.derivatives()[place]);
    let (which, part) = match derivative {
        None => (None, pointer.file()),
        Some((which, part)) => (Some(*which), part),
    };
    part.verify(FileDigest::of(&body))?;
    let (key, info) = (own_key(pointer.key(), which), *part.info());
    let found = Found { key, context: object.context, info, body };
    let opened = found.in_memory()?;
    assert_eq!(found.front_to_back().as_ref(), Ok(&opened));
    Ok(json!({"media_type": hex(part.media_type()), "data": brief(&opened)}))
}
