//! What an archive is bound to, and what is in it.
//!
//! ```text
//! number of files(8) ‖ n × { length of the name(2) ‖ name ‖ length of the file(8) ‖ file }
//! ```

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use confidant::{ArchiveInfo, DataContext, Purpose};

use crate::Result;

/// Nobody knows more than this when all else is lost.
pub fn context() -> Result<DataContext> {
    Ok(DataContext::new(Purpose::Archive).collection(b"vault")?)
}

pub fn recovery_context() -> Result<DataContext> {
    Ok(context()?.field(b"recovery codes")?)
}

/// Where the recovery set of an archive is: beside it, because using a code changes the set. Nothing in it is secret.
pub fn codes_of(archive: &Path) -> PathBuf {
    archive.with_added_extension("codes")
}

/// For the user to keep: who has these knows later whether an archive is the newest one, and the same.
pub fn describe(info: &ArchiveInfo) -> String {
    let digest: String = info.digest().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("archive {} of its series, digest {digest}", info.epoch())
}

/// What stands before a file.
pub struct Entry {
    pub name: String,
    pub len: u64,
}

impl Entry {
    /// Length of the entry, with its file.
    pub fn whole_len(&self) -> Result<u64> {
        Ok(2 + u64::try_from(self.name.len())? + 8 + self.len)
    }

    pub fn write_to(&self, mut out: impl Write) -> Result<()> {
        out.write_all(&u16::try_from(self.name.len())?.to_be_bytes())?;
        out.write_all(self.name.as_bytes())?;
        out.write_all(&self.len.to_be_bytes())?;
        Ok(())
    }

    pub fn read_from(mut input: impl Read) -> Result<Self> {
        let mut len = [0; 2];
        input.read_exact(&mut len)?;
        let mut name = vec![0; u16::from_be_bytes(len).into()];
        input.read_exact(&mut name)?;
        Ok(Self { name: String::from_utf8(name)?, len: read_number(input)? })
    }
}

pub fn read_number(mut input: impl Read) -> Result<u64> {
    let mut number = [0; 8];
    input.read_exact(&mut number)?;
    Ok(u64::from_be_bytes(number))
}
