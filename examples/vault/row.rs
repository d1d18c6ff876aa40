//! A file's row: the file's key, wrapped by the keyring, and a record that says what it is called and how long it is.
//!
//! ```text
//! row = number ─► wrapped file key, record(what the file's reader needs(25) ‖ name)
//! ```
//!
//! Both are bound to the row's number. So is the file, whose object is named by it.

use confidant::{
    DataContext, FileInfo, FileKey, Keyring, Padding, Purpose, UnwrapWith, WrapWith, WrappedKey,
};
use getrandom::SysRng;

use crate::Result;

/// Names and files hide how long they are, within 12 %.
pub const PADDING: Padding = Padding::Padme;

pub type RowId = u128;

/// As it is in the database: the wrapped key, and the record.
pub type StoredRow<'a> = (&'a [u8], &'a [u8]);

/// A row that was opened.
pub struct Row {
    pub id: RowId,
    pub name: String,
    pub info: FileInfo,
    key: WrappedKey,
}

/// A new row's number. Random, so that a database that was restored from a backup never gives one twice.
pub fn new_id() -> Result<RowId> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)?;
    Ok(RowId::from_be_bytes(id))
}

/// What a file is bound to, and its key.
pub fn file_context(id: RowId) -> Result<DataContext> {
    Ok(DataContext::new(Purpose::File).collection(b"files")?.object(&id.to_be_bytes())?)
}

fn info_context(id: RowId) -> Result<DataContext> {
    let context = DataContext::new(Purpose::Record).collection(b"files")?;
    Ok(context.field(b"info")?.object(&id.to_be_bytes())?)
}

impl Row {
    /// The row of a file that was encrypted.
    pub fn new(
        keyring: &Keyring,
        id: RowId,
        name: &str,
        key: &FileKey,
        info: FileInfo,
    ) -> Result<Self> {
        check_name(name)?;
        let with = WrapWith::Keyring(keyring);
        let key = WrappedKey::new(key.secret(), &file_context(id)?, with, &mut SysRng)?;
        Ok(Self { id, name: name.to_owned(), info, key })
    }

    /// What to put into the database.
    pub fn seal(&self, keyring: &Keyring) -> Result<(Vec<u8>, Vec<u8>)> {
        let Self { id, name, info, key } = self;
        let text = [&info.to_bytes(), name.as_bytes()].concat();
        let record = keyring.seal_record(&info_context(*id)?, &text, PADDING, &mut SysRng)?;
        Ok((key.as_bytes().to_vec(), record))
    }

    pub fn open(keyring: &Keyring, id: RowId, (key, record): StoredRow<'_>) -> Result<Self> {
        let damaged = |error: &dyn std::fmt::Display| format!("row {id:032x} is damaged: {error}");
        let text = keyring.open_record(&info_context(id)?, record);
        let text = text.map_err(|error| damaged(&error))?;
        let fields = text.as_bytes().split_first_chunk::<25>();
        let (info, name) = fields.ok_or_else(|| damaged(&"it is too short"))?;
        let (info, name) = (FileInfo::from_bytes(info)?, String::from_utf8(name.to_vec())?);
        let key = WrappedKey::decode(key).map_err(|error| damaged(&error))?;
        Ok(Self { id, name, info, key })
    }

    pub fn file_key(&self, keyring: &Keyring) -> Result<FileKey> {
        let Self { id, name, key, .. } = self;
        let key = key.open(&file_context(*id)?, UnwrapWith::Keyring(keyring));
        // There is no passphrase here that could be wrong.
        let damaged =
            |_| format!("{name}: row {id:032x} is damaged: its wrapped key does not open");
        Ok(FileKey::from_secret(key.map_err(damaged)?))
    }
}

/// The row under the active root key; `None` if it is already. The file is not touched.
pub fn rewrap(
    keyring: &Keyring,
    id: RowId,
    (key, record): StoredRow<'_>,
) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    let (file, info) = (file_context(id)?, info_context(id)?);
    let key = keyring.rewrap_key(&WrappedKey::decode(key)?, &file, &mut SysRng)?;
    let Some(key) = key else { return Ok(None) };
    let record = keyring.rebind(record, &info, &info, &mut SysRng)?;
    Ok(Some((key.as_bytes().to_vec(), record)))
}

/// Names come from archives too, whose maker nobody knows: nothing in one may steer a terminal. No name is ever a path.
pub fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > 1024 || name.chars().any(char::is_control) {
        return Err(format!("{name:?} is no name: up to 1,024 bytes that can be printed").into());
    }
    Ok(())
}
