//! The folder of objects: each is a file's ciphertext, named by its row's number.
//!
//! ```text
//! write to ROW.part, sync ─► rename to ROW, sync the folder ─► commit the row
//! ```
//!
//! Killed anywhere, this leaves at most an object without a row, which the next start sweeps away; never a row without its object.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use confidant::{FileInfo, FileKey, FileWriter};
use getrandom::SysRng;

use crate::Result;
use crate::row::{PADDING, RowId, file_context};

pub struct Objects(PathBuf);

impl Objects {
    /// Makes the folder if there is none.
    pub fn in_folder(dir: &Path) -> Result<Self> {
        let folder = dir.join("objects");
        fs::create_dir_all(&folder).map_err(|error| at(&folder, &error))?;
        sync_folder(dir)?;
        Ok(Self(folder))
    }

    fn path(&self, id: RowId) -> PathBuf {
        self.0.join(format!("{id:032x}"))
    }

    /// Encrypts all of `data` into an object, which is on the disk when this returns.
    pub fn write(&self, id: RowId, key: &FileKey, mut data: impl Read) -> Result<FileInfo> {
        replace(&self.path(id), |file| {
            let mut writer = FileWriter::new(file, key, &file_context(id)?, PADDING, &mut SysRng)?;
            io::copy(&mut data, &mut writer)?;
            let (_, info) = writer.finish()?;
            Ok(info)
        })
    }

    /// `None` if there is none.
    pub fn open(&self, id: RowId) -> Result<Option<(File, u64)>> {
        let path = self.path(id);
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| at(&path, &error))?,
        };
        let len = file.metadata()?.len();
        Ok(Some((file, len)))
    }

    /// Removes objects that no row names, of commands that were interrupted; nothing that has another kind of name. Only while nobody else
    /// writes, which the lock of the database sees to.
    ///
    /// Whoever puts back an old database loses here the files that were added since: put back the folder with it, or keep what is swept
    /// for a while.
    pub fn sweep(&self, rows: &BTreeSet<RowId>) -> Result<usize> {
        let mut swept = 0;
        for entry in fs::read_dir(&self.0).map_err(|error| at(&self.0, &error))? {
            let path = entry?.path();
            let id =
                path.file_stem().and_then(|stem| RowId::from_str_radix(stem.to_str()?, 16).ok());
            let Some(id) = id else { continue };
            let object = self.path(id);
            let is_ours = path == object || path == temporary(&object);
            if is_ours && !(path == object && rows.contains(&id)) {
                fs::remove_file(&path).map_err(|error| at(&path, &error))?;
                swept += 1;
            }
        }
        Ok(swept)
    }
}

/// Writes a file under a temporary name, and puts it in its place when all of it is on the disk.
pub fn replace<T>(place: &Path, write: impl FnOnce(&File) -> Result<T>) -> Result<T> {
    let temporary = temporary(place);
    let file = File::create(&temporary).map_err(|error| at(&temporary, &error))?;
    let written = match write(&file) {
        Ok(written) => written,
        Err(error) => {
            fs::remove_file(&temporary)?;
            return Err(error);
        }
    };
    file.sync_all().map_err(|error| at(&temporary, &error))?;
    fs::rename(&temporary, place).map_err(|error| at(place, &error))?;
    sync_folder(place.parent().unwrap_or(Path::new(".")))?;
    Ok(written)
}

fn temporary(place: &Path) -> PathBuf {
    place.with_added_extension("part")
}

/// A new name in a folder is safe from a power cut only then. Windows has no such thing.
pub fn sync_folder(folder: &Path) -> Result<()> {
    let here = Path::new(".");
    let folder = if folder.as_os_str().is_empty() { here } else { folder };
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| at(folder, &e))?;
    }
    Ok(())
}

pub fn at(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
