//! file.json: the attached form.

use std::vec::Vec;

use serde_json::{Value, json};

use super::aead::brief;
use super::book::Stop;
use super::envelope_kek::{Means, context};
use super::file::{Inputs, described, file_key};
use super::file_found::Found;
use super::given::{Given, data, hex};
use super::replay::Replay;
use crate::primitives::mac::hmac;
use crate::{DataContext, FileError, FileHeader, FileInfo, FileRecipients, Keyring};

/// What is sealed, and for whom.
struct Request {
    inputs: Inputs,
    keks: Vec<Value>,
    header_len: usize,
    random: Vec<Value>,
}

impl Request {
    fn read(given: &mut Given) -> Self {
        Self {
            inputs: Inputs::read(&mut given.fields),
            keks: given.fields.list("recipients"),
            header_len: given.fields.number("header_length").try_into().unwrap(),
            random: given.fields.list("random"),
        }
    }

    fn recipients(&self, rng: &mut Replay) -> Result<FileRecipients, Stop> {
        let key = file_key(self.inputs.key.secret().expose());
        let mut recipients = FileRecipients::new(key, &self.inputs.context, self.header_len);
        for kek in self.keks.iter().flat_map(counted) {
            recipients.add(Means::read(kek)?.wraps(), rng)?;
        }
        Ok(recipients)
    }

    /// The header, and the body.
    fn seal(&self) -> Result<(FileInfo, Vec<u8>, Vec<u8>), Stop> {
        let mut rng = Replay::new(&self.random).then_failing();
        let recipients = self.recipients(&mut rng)?;
        let drawn = rng.drawn().len();
        let (info, body) = self.inputs.seal(self.random.get(drawn..).unwrap())?;
        let header = recipients.header(&info);
        assert_eq!(header.len(), recipients.header_len());
        Ok((info, header, body))
    }

    /// The same by a writer.
    #[cfg(feature = "std")]
    fn written(&self) -> Result<Vec<u8>, Stop> {
        use std::io::{Cursor, Write};

        let Inputs { padding, data, .. } = &self.inputs;
        let mut rng = Replay::new(&self.random);
        let recipients = self.recipients(&mut rng)?;
        let out = Cursor::new(Vec::new());
        let mut writer = crate::ContainerWriter::new(out, recipients, *padding, &mut rng).unwrap();
        writer.write_all(data).unwrap();
        Ok(writer.finish().unwrap().0.into_inner())
    }
}

/// One, or with a `count` as many local ones, whose references are counted.
pub(super) fn counted(kek: &Value) -> Vec<Value> {
    let Some(count) = kek.get("count").map(|count| count.as_u64().unwrap()) else {
        return [kek.clone()].into();
    };
    let reference = |i: u64| hex(u32::try_from(i).unwrap().to_be_bytes());
    let one = |i| json!({"type": "local", "reference": reference(i), "key": kek["key"]});
    assert_eq!((&kek["type"], kek.as_object().unwrap().len()), (&"local".into(), 3));
    (0..count).map(one).collect()
}

/// The keys of the header cannot be seen: the expected ones must fit it.
pub(super) fn seal(given: &mut Given) -> Result<Value, Stop> {
    let request = Request::read(given);
    let (info, header, body) = request.seal()?;
    #[cfg(feature = "std")]
    assert_eq!(request.written()?, [&header[..], &body].concat(), "by a writer");
    let (mac_key, mask) = (&given.expected["mac_key"], &given.expected["mask"]);
    let (signed, mac) = header.split_last_chunk::<32>().unwrap();
    assert_eq!(hmac(&data(mac_key, None).try_into().unwrap(), signed), *mac);
    let len = header[24..32].iter().zip(data(mask, None)).map(|(byte, mask)| byte ^ mask);
    assert!(len.eq(info.len().to_be_bytes()));
    let mut out = described(&info);
    out["mac_key"] = mac_key.clone();
    out["mask"] = mask.clone();
    out["header"] = hex(&header);
    out["body"] = brief(&body);
    Ok(out)
}

/// What begins an object, as far as it says of itself that it is a header.
fn header_of(whole: &[u8]) -> Result<(FileHeader, &[u8]), FileError> {
    let begin = whole.first_chunk().ok_or(FileError::Truncated);
    let len = match begin {
        Ok(begin) => FileHeader::len_of(begin)?.min(whole.len()),
        Err(_) => whole.len(),
    };
    let (header, body) = whole.split_at(len);
    Ok((FileHeader::decode(header)?, body))
}

pub(super) fn open(given: &mut Given) -> Result<Value, Stop> {
    let request = Request::read(given);
    let edit = given.fields.optional("edit");
    let means = Means::read(given.fields.value("with"));
    let other = given.fields.optional("with_context").map(|other| context(&data(&other, None)));
    let (_, header, body) = request.seal()?;
    let means = means?;
    let mut whole = [header, body].concat();
    if let Some(edit) = edit {
        whole = data(&edit, Some(&whole));
    }
    let context = other.unwrap_or(request.inputs.context);
    let opened = opened(&whole, &context, &means);
    #[cfg(feature = "std")]
    assert_eq!(read_through(&whole, &context, &means), opened.clone().map(|(data, _)| data));
    let (found, out) = opened?;
    let mut out = out;
    out["data"] = brief(&found);
    Ok(out)
}

/// The data of a container, and what its header says.
fn opened(
    whole: &[u8],
    context: &DataContext,
    means: &Means,
) -> Result<(Vec<u8>, Value), FileError> {
    let (header, body) = header_of(whole)?;
    let header = header.open(context, means.unwraps())?;
    let encoded = header.encode();
    assert!(whole.starts_with(&encoded), "there is one encoding");
    let key = file_key(header.recipients().key().secret().expose());
    let by_key = FileHeader::decode(&encoded)?.open_with_key(context, key)?;
    assert_eq!(by_key.info(), header.info());
    let found = Found {
        key: file_key(header.recipients().key().secret().expose()),
        context: context.clone(),
        info: *header.info(),
        body: body.to_vec(),
    };
    let data = found.front_to_back()?;
    let mut out = described(header.info());
    out["recipients"] = json!(header.recipients().as_slice().len());
    Ok((data, out))
}

#[cfg(feature = "std")]
fn read_through(whole: &[u8], context: &DataContext, means: &Means) -> Result<Vec<u8>, FileError> {
    use std::io::Read;

    let mut out = Vec::new();
    let read = crate::FileReader::open(whole, context, means.unwraps())
        .and_then(|(mut reader, _)| reader.read_to_end(&mut out));
    read.map(|_| out).map_err(|error| FileError::of(&error).unwrap())
}

pub(super) fn change(given: &mut Given) -> Result<Value, Stop> {
    let request = Request::read(given);
    let (info, header, body) = request.seal()?;
    let context = &request.inputs.context;
    let means = Means::read(given.fields.value("with"))?;
    let then = Means::read(given.fields.value("then"))?;
    let (removed, added) = (given.fields.optional("remove"), given.fields.optional("add"));
    let root_key = given.fields.optional("add_root_key");
    let random = given.fields.list("draws");
    let whole = [header, body].concat();
    let (header, _) = header_of(&whole)?;
    let mut header = header.open(context, means.unwraps())?;
    let mut rng = Replay::new(&random).then_failing();
    for place in list(removed) {
        let place = usize::try_from(place.as_u64().unwrap()).unwrap();
        assert!(header.recipients_mut().remove(place).is_some());
    }
    for kek in list(added).iter().flat_map(counted) {
        let means = Means::read(kek)?;
        header.recipients_mut().add(means.wraps(), &mut rng)?;
    }
    if let Some(keyring) = root_key {
        let own = Keyring::wrapped_in(&data(&keyring, None)).unwrap();
        header.recipients_mut().add_wrapped(own)?;
    }
    rng.finish();
    let changed = header.encode();
    let (read, _) = header_of(&changed)?;
    let reopened = read.open(context, then.unwraps())?;
    assert_eq!(reopened.info(), &info);
    let recipients = reopened.recipients().as_slice().len();
    Ok(json!({"recipients": recipients, "header": brief(&changed)}))
}

fn list(value: Option<Value>) -> Vec<Value> {
    value.map_or_else(Vec::new, |value| value.as_array().unwrap().clone())
}
