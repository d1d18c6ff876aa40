//! Fields one behind the other, each with its length(4): what goes over the wire, into a row and into a message here.

use crate::Result;

pub fn pack(fields: &[&[u8]]) -> Result<Vec<u8>> {
    let mut packed = Vec::with_capacity(fields.iter().map(|field| field.len() + 4).sum());
    for field in fields {
        packed.extend_from_slice(&u32::try_from(field.len())?.to_be_bytes());
        packed.extend_from_slice(field);
    }
    Ok(packed)
}

pub fn unpack_all(mut packed: &[u8]) -> Result<Vec<&[u8]>> {
    let mut fields = Vec::new();
    while let Some((len, rest)) = packed.split_first_chunk::<4>() {
        let len = usize::try_from(u32::from_be_bytes(*len))?;
        let (field, rest) = rest.split_at_checked(len).ok_or("a field is cut off")?;
        fields.push(field);
        packed = rest;
    }
    if packed.is_empty() { Ok(fields) } else { Err("there is something behind the fields".into()) }
}

/// So many, and no others.
pub fn unpack<const N: usize>(packed: &[u8]) -> Result<[&[u8]; N]> {
    unpack_all(packed)?.try_into().map_err(|_| "there are more fields, or fewer".into())
}

/// A field of a length that is known.
pub fn exactly<const N: usize>(field: &[u8]) -> Result<[u8; N]> {
    Ok(field.try_into().map_err(|_| "a field has another length")?)
}
