//! `check`: everything is opened, and every damage is named, with its place.

use std::io::{self, ErrorKind, Read};

use confidant::limits::FILE_CHUNK;
use confidant::{FileChunk, FileError, FileOpener};
use zeroize::Zeroizing;

use crate::Result;
use crate::row::{Row, file_context};
use crate::vault::Vault;

pub fn check(vault: &Vault, name: Option<&str>) -> Result<()> {
    let (mut whole, mut found) = (0_usize, 0_usize);
    for id in vault.ids()? {
        let row = vault.row(id)?;
        if name.is_some() && name != row.as_ref().ok().map(|row| row.name.as_str()) {
            continue;
        }
        let damage = match row.and_then(|row| Ok((examine(vault, &row)?, row))) {
            Ok((damage, row)) => {
                damage.iter().map(|what| format!("{}: {what}", row.name)).collect()
            }
            Err(error) => vec![error.to_string()],
        };
        whole += usize::from(damage.is_empty());
        found += damage.len();
        damage.iter().for_each(|what| println!("{what}"));
    }
    match (name, found) {
        (Some(name), 0) if whole == 0 => Err(format!("there is no {name}: see list").into()),
        (_, 0) => {
            println!("whole files: {whole}");
            Ok(())
        }
        _ => Err(format!(
            "damages: {found}, whole files: {whole}; restore an archive, or read what is left"
        )
        .into()),
    }
}

/// What is wrong with a file, by opening every chunk of it.
fn examine(vault: &Vault, row: &Row) -> Result<Vec<String>> {
    let key = row.file_key(&vault.keyring)?;
    let Some((mut object, object_len)) = vault.objects.open(row.id)? else {
        return Ok(vec!["its object is missing".into()]);
    };
    let mut header = [0; 56];
    let opener = match object.read_exact(&mut header) {
        Ok(()) => FileOpener::new(&key, &file_context(row.id)?, &row.info, &header),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(FileError::Truncated),
        Err(error) => return Err(error.into()),
    };
    let opener = match opener {
        Ok(opener) => opener,
        Err(error) => {
            let other = other_file(vault, row, &header)?;
            let other = other.map(|name| format!("the object of {name} was put in its place"));
            return Ok(vec![other.unwrap_or_else(|| describe(error, row, object_len))]);
        }
    };
    let mut damage = open_all(&opener, &mut object, row)?;
    if object_len != row.info.ciphertext_len() {
        damage.push(wrong_length(row, object_len));
    }
    Ok(damage)
}

/// Opens what there is of the chunks.
fn open_all(opener: &FileOpener, object: &mut impl Read, row: &Row) -> Result<Vec<String>> {
    let mut damage = Vec::new();
    let mut buffer = Zeroizing::new(vec![0; size_of::<FileChunk>()]);
    for chunk in 0..opener.chunks() {
        let place = opener.chunk_range(chunk);
        let sealed = buffer.get_mut(..usize::try_from(place.end - place.start)?);
        let sealed = sealed.ok_or("a chunk is too long")?;
        match object.read_exact(sealed) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            read => read?,
        }
        if opener.open_chunk(chunk, sealed).is_err() {
            damage.push(changed(chunk, row));
        }
    }
    Ok(damage)
}

/// Whose object begins so, if it is another file's.
fn other_file(vault: &Vault, row: &Row, header: &[u8; 56]) -> Result<Option<String>> {
    for id in vault.ids()?.into_iter().filter(|id| *id != row.id) {
        let Ok(other) = vault.row(id)? else { continue };
        let Ok(key) = other.file_key(&vault.keyring) else { continue };
        if FileOpener::new(&key, &file_context(id)?, &other.info, header).is_ok() {
            return Ok(Some(other.name));
        }
    }
    Ok(None)
}

/// What an error of a reader says, in words for the user.
pub fn explain(error: &io::Error, row: &Row, object_len: u64) -> String {
    let what = FileError::of(error).map(|error| describe(error, row, object_len));
    format!("{}: {}", row.name, what.unwrap_or_else(|| error.to_string()))
}

fn describe(error: FileError, row: &Row, object_len: u64) -> String {
    match error {
        FileError::WrongKeyOrContext => {
            "its first 56 bytes were changed, or something else was put in its place".into()
        }
        FileError::Truncated => wrong_length(row, object_len),
        FileError::Corrupt { .. } if object_len > row.info.ciphertext_len() => {
            wrong_length(row, object_len)
        }
        FileError::Corrupt { chunk } => changed(chunk, row),
        error => error.to_string(),
    }
}

fn changed(chunk: u64, row: &Row) -> String {
    let len = FILE_CHUNK as u64;
    let (start, end) = (chunk * len, row.info.len().min((chunk + 1) * len));
    if start >= end {
        return format!("chunk {chunk}, which is padding, was changed");
    }
    format!("chunk {chunk}, bytes {start} to {}, was changed", end - 1)
}

fn wrong_length(row: &Row, object_len: u64) -> String {
    let expected = row.info.ciphertext_len();
    let how = if object_len < expected { "was cut" } else { "has something behind its end" };
    format!("its object has {object_len} bytes of {expected}: it {how}")
}
