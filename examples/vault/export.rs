//! `export`: all files in one archive, for the passphrase and for every recovery code that is left.

use std::io::{self, Write};
use std::path::Path;

use confidant::{
    ArchiveInfo, FileReader, NewArchive, PasswordParameters, RecoverySet, WrapWith, WrappedKey,
};
use getrandom::SysRng;

use crate::Result;
use crate::archive::{self, Entry, codes_of, describe};
use crate::check::explain;
use crate::files::progress;
use crate::object::{at, replace};
use crate::row::{Row, file_context};
use crate::vault::{Vault, now, put_last_archive};

/// First the files, then the row that remembers them: what is interrupted is made again, with the same number and another digest.
pub fn export(vault: &Vault, path: &Path) -> Result<()> {
    if path.exists() {
        return Err(format!("{} is there already: name another", path.display()).into());
    }
    let rows = vault.ids()?.into_iter().map(|id| vault.row(id)?);
    let rows: Vec<Row> = rows.collect::<Result<_>>()?;
    let set = vault.recovery_set()?;
    let archive = new_archive(vault, &rows, &set)?;
    let bar = progress(archive.info().len())?;

    replace(&codes_of(path), |mut file| {
        file.write_all(&set.encode()).map_err(|error| at(path, &error).into())
    })?;
    let info = replace(path, |file| write(vault, &rows, archive, bar.wrap_write(file)))?;
    vault.change(|to| put_last_archive(to, &vault.keyring, &info))?;
    bar.finish_and_clear();
    let (codes, beside) = (set.recipients().count(), codes_of(path));
    println!("exported files: {}, for the passphrase", rows.len());
    println!("and for recovery codes: {codes}, which need {}", beside.display());
    println!("{}", describe(&info));
    Ok(())
}

/// The next one of its series, with all who may open it.
fn new_archive(vault: &Vault, rows: &[Row], set: &RecoverySet) -> Result<NewArchive> {
    let lens = rows.iter().map(|row| entry(row).whole_len());
    let len = 8 + lens.sum::<Result<u64>>()?;
    let context = archive::context()?;
    let mut archive = match vault.last_archive()? {
        Some(last) => NewArchive::after(&last, &context, now(), len, &mut SysRng)?,
        None => NewArchive::first(&context, now(), len, &mut SysRng)?,
    };
    let stretching = stretching(vault.keyring.wrapped());
    archive.add(WrapWith::Passphrase(&vault.passphrase, stretching), &mut SysRng)?;
    for code in set.recipients() {
        archive.add(WrapWith::Code(&code), &mut SysRng)?;
    }
    Ok(archive)
}

/// More than for the vault, because an archive leaves the device; as little, where that is for tests.
fn stretching(ours: &WrappedKey) -> PasswordParameters {
    let weak =
        ours.password_parameters().filter(|_| ours.needs_upgrade(PasswordParameters::DEFAULT));
    weak.unwrap_or(PasswordParameters::EXPORT)
}

fn entry(row: &Row) -> Entry {
    Entry { name: row.name.clone(), len: row.info.len() }
}

/// Gives what the archive says of itself.
fn write(vault: &Vault, rows: &[Row], archive: NewArchive, out: impl Write) -> Result<ArchiveInfo> {
    let mut writer = archive.write_to(out, &mut SysRng)?;
    writer.write_all(&u64::try_from(rows.len())?.to_be_bytes())?;
    for row in rows {
        entry(row).write_to(&mut writer)?;
        copy(vault, row, &mut writer)?;
    }
    Ok(writer.finish()?.1)
}

/// A file, front to back.
fn copy(vault: &Vault, row: &Row, out: &mut impl Write) -> Result<()> {
    let key = row.file_key(&vault.keyring)?;
    let object = vault.objects.open(row.id)?;
    let (object, len) = object.ok_or_else(|| format!("{}: its object is missing", row.name))?;
    let reader = FileReader::new(object, &key, &file_context(row.id)?, &row.info);
    let copied = reader.and_then(|mut reader| io::copy(&mut reader, out));
    copied.map_err(|error| explain(&error, row, len))?;
    Ok(())
}
