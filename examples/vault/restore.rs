//! `init` and `restore`: a new vault, empty or of an archive.
//!
//! The objects come first; keyring, recovery set and rows are one transaction at the end. Killed before that, there is no vault, and the
//! command can be given again.

use std::error::Error;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use confidant::{
    ArchiveError, ArchiveHeader, ArchiveInfo, ExpectedArchive, FileError, FileKey, FileReader,
    OpenRecoveryError, PasswordParameters, Recovered, RecoveryCode, RecoveryCodeKey,
    RecoveryProfile, RecoverySet, UnwrapError, UnwrapWith,
};
use getrandom::SysRng;

use crate::Result;
use crate::archive::{self, Entry, codes_of, describe, read_number};
use crate::ask;
use crate::files::progress;
use crate::object::{at, replace};
use crate::row::{self, Row};
use crate::vault::{Vault, put_keyring, put_last_archive, put_recovery, put_row};

const CODES: u8 = 8;

pub fn init(dir: &Path, stretching: PasswordParameters) -> Result<()> {
    let vault = Vault::begin(dir, ask::passphrase("the new vault")?, stretching)?;
    let set = new_codes()?;
    vault.change(|to| {
        put_keyring(to, &vault.keyring)?;
        put_recovery(to, &vault.keyring, &set)
    })?;
    println!("{} is a vault", dir.display());
    Ok(())
}

pub fn by_passphrase(dir: &Path, path: &Path, stretching: PasswordParameters) -> Result<()> {
    let passphrase = ask::passphrase("the archive")?;
    let archive = Archive::open(path, UnwrapWith::Passphrase(&passphrase))?;
    let vault = Vault::begin(dir, passphrase, stretching)?;
    archive.unpack(&vault).map_err(|error| nothing(path, &*error))?;
    Ok(())
}

/// The new vault has codes of its own: which of the old ones are unused is only claimed by the set that was found here, which somebody with
/// an older one, and a code of that time, can have made up. For old archives, this code is used up where the next one is looked for: beside
/// them.
///
/// Whoever kept an older `.codes` can use the code again with it: that is for a server to prevent, which keeps the set and its epoch, and
/// asks for a code's [token](RecoveryCodeKey::token) first.
pub fn by_code(dir: &Path, path: &Path, stretching: PasswordParameters) -> Result<()> {
    let code = ask::code()?;
    let (key, recovered) = recover(&codes_of(path), &code)?;
    let archive = Archive::open(path, UnwrapWith::Code(&key))?;
    let vault = Vault::begin(dir, ask::passphrase("the new vault")?, stretching)?;
    archive.unpack(&vault).map_err(|error| nothing(path, &*error))?;
    let (set, _) = recovered.use_up(&mut SysRng)?;
    replace(&codes_of(path), |mut file| Ok(file.write_all(&set.encode())?))?;
    println!(
        "recovery code {} is used up; the old ones that are left open old archives",
        code.index()
    );
    Ok(())
}

/// In the words for archives, also where the reader of its content has those for files.
fn nothing(path: &Path, error: &(dyn Error + 'static)) -> String {
    let of_content = error.downcast_ref().and_then(FileError::of).map(ArchiveError::from);
    let what = of_content.map_or_else(|| error.to_string(), |error| error.to_string());
    format!("{}: {what}: nothing was restored, try another archive", path.display())
}

/// Prints the codes before anything is stored: better codes without a vault than a vault whose codes nobody has seen.
fn new_codes() -> Result<RecoverySet> {
    let context = archive::recovery_context()?;
    let created = RecoverySet::create(&context, RecoveryProfile::Long, CODES, &mut SysRng);
    let (set, codes) = created?;
    println!("recovery codes, shown this once: write them down, each opens an archive one time");
    for code in codes {
        println!("  {}  {}", code.index(), code.to_text().expose());
    }
    Ok(set)
}

/// What the code opens, and the set in which it has not been used up yet.
fn recover(path: &Path, code: &RecoveryCode) -> Result<(RecoveryCodeKey, Recovered)> {
    let stored = fs::read(path).map_err(|error| at(path, &error))?;
    let open = || {
        let (id, profile) = RecoverySet::claimed_in(&stored)?;
        let key = code.unlock(&id, profile)?;
        let recovered = RecoverySet::open(&stored, &archive::recovery_context()?, &key, 0)?;
        Ok((key, recovered.accept()))
    };
    open().map_err(|error: Box<dyn Error>| match error.downcast_ref() {
        Some(OpenRecoveryError::Used | OpenRecoveryError::Revoked) => {
            format!("recovery code {}: {error}: take another one", code.index()).into()
        }
        Some(OpenRecoveryError::WrongSet) => {
            format!("{error}: look for the paper of this vault").into()
        }
        _ => format!("{}: {error}", path.display()).into(),
    })
}

/// An archive of which the header was opened.
struct Archive {
    reader: FileReader<File>,
    info: ArchiveInfo,
}

impl Archive {
    /// Any archive of the vault is taken, an old one too: on a new machine there is nothing to compare with but what the user has kept.
    fn open(path: &Path, with: UnwrapWith<'_>) -> Result<Self> {
        let mut file = File::open(path).map_err(|error| at(path, &error))?;
        let header = ArchiveHeader::read_from(&mut file).map_err(|error| nothing(path, &error))?;
        let opened = header.open(&archive::context()?, with, ExpectedArchive::Any);
        let opened = opened.map_err(|error| match error {
            ArchiveError::Unwrap(UnwrapError::WrongKeyOrContext) => {
                "the passphrase or the code is not the archive's: try another one".into()
            }
            error => nothing(path, &error),
        })?;
        // Whoever could open it could have made it: the user is told which one it is.
        let opener = opened.accept();
        let info = *opener.info();
        println!("{}", describe(&info));
        let reader = opener.reader(file).map_err(|error| nothing(path, &error))?;
        Ok(Self { reader, info })
    }

    /// Encrypts every file again, under a key of its own, into a vault that is stored when the archive has proved whole.
    fn unpack(mut self, vault: &Vault) -> Result<()> {
        let bar = progress(self.info.len())?;
        let mut rows = Vec::new();
        for _ in 0..read_number(&mut self.reader)? {
            let row = unpack_file(vault, &mut self.reader)?;
            bar.inc(row.info.len());
            rows.push(row);
        }
        // What shows that it is whole is that it ends.
        if self.reader.read(&mut [0])? != 0 {
            return Err("the archive has more in it than it says".into());
        }
        bar.finish_and_clear();
        let set = new_codes()?;
        vault.change(|to| {
            put_keyring(to, &vault.keyring)?;
            put_recovery(to, &vault.keyring, &set)?;
            put_last_archive(to, &vault.keyring, &self.info)?;
            rows.iter().try_for_each(|row| put_row(to, &vault.keyring, row))
        })?;
        println!("restored files: {}", rows.len());
        Ok(())
    }
}

fn unpack_file(vault: &Vault, mut input: impl Read) -> Result<Row> {
    let Entry { name, len } = Entry::read_from(&mut input)?;
    let (id, key) = (row::new_id()?, FileKey::generate(&mut SysRng)?);
    let info = vault.objects.write(id, &key, input.take(len))?;
    if info.len() != len {
        return Err(ArchiveError::Truncated.into());
    }
    Row::new(&vault.keyring, id, &name, &key, info)
}
