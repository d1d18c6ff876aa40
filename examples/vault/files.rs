//! `add`, `list` and `read`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use confidant::{FileKey, FileRangeReader};
use getrandom::SysRng;
use indicatif::{ProgressBar, ProgressStyle};

use crate::Result;
use crate::check::explain;
use crate::object::at;
use crate::row::{self, Row, file_context};
use crate::vault::{Vault, put_row};

/// First the object, whole and on the disk; then the row, which makes it a file of the vault.
pub fn add(vault: &Vault, path: &Path, name: &str) -> Result<()> {
    row::check_name(name)?;
    if vault.find(name)?.is_some() {
        return Err(format!("{name} is there already: give it another NAME").into());
    }
    let file = File::open(path).map_err(|error| at(path, &error))?;
    let bar = progress(file.metadata()?.len())?;
    let (id, key) = (row::new_id()?, FileKey::generate(&mut SysRng)?);
    let info = vault.objects.write(id, &key, bar.wrap_read(file))?;
    bar.finish_and_clear();
    let row = Row::new(&vault.keyring, id, name, &key, info)?;
    vault.change(|to| put_row(to, &vault.keyring, &row))?;
    println!("added {name}, {} bytes", info.len());
    Ok(())
}

pub fn list(vault: &Vault) -> Result<()> {
    let mut damaged = 0;
    for id in vault.ids()? {
        match vault.row(id)? {
            Ok(row) => println!("{:>15}  {}", row.info.len(), row.name),
            Err(error) => {
                damaged += 1;
                eprintln!("{error}");
            }
        }
    }
    if damaged > 0 {
        return Err(format!("damaged rows: {damaged}; restore an archive").into());
    }
    Ok(())
}

/// Fetches the chunks that hold these bytes, and the last one, which shows that the file is whole.
pub fn read(vault: &Vault, name: &str, from: u64, length: u64) -> Result<()> {
    let row = vault.find(name)?.ok_or_else(|| format!("there is no {name}: see list and check"))?;
    let key = row.file_key(&vault.keyring)?;
    let (object, object_len) =
        vault.objects.open(row.id)?.ok_or_else(|| format!("{name}: its object is missing"))?;
    let damage = |error: io::Error| explain(&error, &row, object_len);
    let reader = FileRangeReader::new(object, &key, &file_context(row.id)?, &row.info);
    let mut reader = reader.map_err(damage)?;
    if from > reader.len() {
        return Err(format!("{name} has {} bytes: read --from fewer", reader.len()).into());
    }
    reader.seek(SeekFrom::Start(from)).map_err(damage)?;
    io::copy(&mut reader.take(length), &mut io::stdout().lock()).map_err(damage)?;
    Ok(())
}

/// Shows how far it is, if somebody is watching.
pub fn progress(len: u64) -> Result<ProgressBar> {
    let style = "{bar:40} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
    Ok(ProgressBar::new(len).with_style(ProgressStyle::with_template(style)?))
}
