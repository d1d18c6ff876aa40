//! A vault, opened: its keyring, its rows, its objects.
//!
//! A command is one transaction of the database for what belongs together (`rotate` is several, each of which can be the last one). The
//! database is locked while a command runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use confidant::{
    ArchiveInfo, DataContext, Keyring, OpenKeyringError, Padding, Passphrase, PasswordParameters,
    Purpose, RecoverySet, Secret, UnixTime, UnwrapError, UnwrapWith, WrapWith,
};
use getrandom::SysRng;
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction,
};

use crate::Result;
use crate::archive;
use crate::ask;
use crate::object::{Objects, at, sync_folder};
use crate::row::{Row, RowId, StoredRow};

pub const ROWS: TableDefinition<RowId, StoredRow> = TableDefinition::new("files");
/// Records, by what they are.
pub const SEALED: TableDefinition<&str, &[u8]> = TableDefinition::new("sealed");
/// What protects itself, and holds no secret.
const PLAIN: TableDefinition<&str, &[u8]> = TableDefinition::new("plain");

const DATABASE: &str = "vault.redb";
const NEW_DATABASE: &str = "vault.redb.part";

const KEYRING: &str = "keyring";
const RECOVERY_SET: &str = "recovery set";
const RECOVERY_KEY: &str = "recovery key";
const LAST_ARCHIVE: &str = "last archive";

/// The default of the database is a gigabyte.
const CACHE: usize = 4 << 20;

pub struct Vault {
    db: Database,
    pub objects: Objects,
    pub keyring: Keyring,
    pub passphrase: Passphrase,
}

impl Vault {
    /// Opens a vault with its passphrase.
    pub fn open(dir: &Path) -> Result<Self> {
        if !dir.join(DATABASE).exists() {
            return Err(format!("{} is no vault: make one with init", dir.display()).into());
        }
        let passphrase = ask::passphrase("the vault")?;
        let (db, objects) = open_folder(dir)?;
        let Some(stored) = get(&db, PLAIN, KEYRING)? else {
            return Err(format!("{} is no vault yet: init was interrupted", dir.display()).into());
        };
        let keyring = open_keyring(&stored, &passphrase)?;
        sweep(&db, &objects)?;
        Ok(Self { db, objects, keyring, passphrase })
    }

    /// A vault of which nothing is stored yet: that is the first [`change`](Self::change)'s to do, by [`put_keyring`] and
    /// [`put_recovery`]. What an interrupted command has left is no obstacle.
    pub fn begin(dir: &Path, passphrase: Passphrase, with: PasswordParameters) -> Result<Self> {
        fs::create_dir_all(dir).map_err(|error| at(dir, &error))?;
        if !dir.join(DATABASE).exists() {
            create_database(dir)?;
        }
        let (db, objects) = open_folder(dir)?;
        if get(&db, PLAIN, KEYRING)?.is_some() {
            return Err(format!("{} is a vault already: name another folder", dir.display()).into());
        }
        sweep(&db, &objects)?;
        let with = WrapWith::Passphrase(&passphrase, with);
        let keyring = Keyring::create(&keyring_context()?, with, now(), &mut SysRng)?;
        Ok(Self { db, objects, keyring, passphrase })
    }

    /// One transaction: all of it, on the disk, or nothing.
    pub fn change<T>(&self, work: impl FnOnce(&WriteTransaction) -> Result<T>) -> Result<T> {
        let transaction = self.db.begin_write()?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    pub fn ids(&self) -> Result<BTreeSet<RowId>> {
        ids(&self.db)
    }

    /// A row; the inner error is for one that is damaged.
    pub fn row(&self, id: RowId) -> Result<Result<Row>> {
        let rows = self.db.begin_read()?.open_table(ROWS)?;
        let stored = rows.get(id)?.ok_or("the row is gone")?;
        Ok(Row::open(&self.keyring, id, stored.value()))
    }

    /// Where names are many, a [`BlindIndex`](confidant::BlindIndex) finds one without opening all.
    pub fn find(&self, name: &str) -> Result<Option<Row>> {
        for id in self.ids()? {
            if let Ok(row) = self.row(id)?
                && row.name == name
            {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// The recovery codes that are left, with the key that they open.
    pub fn recovery_set(&self) -> Result<RecoverySet> {
        let set = get(&self.db, PLAIN, RECOVERY_SET)?.ok_or("the recovery set is gone")?;
        let key = self.sealed(RECOVERY_KEY)?.ok_or("the recovery set's key is gone")?;
        let key = key.first_chunk().ok_or("the recovery set's key is damaged")?;
        let key = Secret::init_with(|bytes| *bytes = *key);
        Ok(RecoverySet::open_with_key(&set, &archive::recovery_context()?, key, 0)?)
    }

    /// The archive that was made last, or that this vault was restored from, for the next one to follow it.
    pub fn last_archive(&self) -> Result<Option<ArchiveInfo>> {
        let info = self.sealed(LAST_ARCHIVE)?;
        Ok(info.map(|info| ArchiveInfo::decode(&info)).transpose()?)
    }

    fn sealed(&self, what: &str) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>> {
        let Some(record) = get(&self.db, SEALED, what)? else { return Ok(None) };
        let opened = self.keyring.open_record(&sealed_context(what)?, &record);
        let opened = opened.map_err(|error| format!("the {what} is damaged: {error}"))?;
        Ok(Some(opened.into_vec().into()))
    }
}

pub fn put_keyring(to: &WriteTransaction, keyring: &Keyring) -> Result<()> {
    to.open_table(PLAIN)?.insert(KEYRING, keyring.encode().as_slice())?;
    Ok(())
}

pub fn put_recovery(to: &WriteTransaction, keyring: &Keyring, set: &RecoverySet) -> Result<()> {
    to.open_table(PLAIN)?.insert(RECOVERY_SET, set.encode().as_slice())?;
    put_sealed(to, keyring, RECOVERY_KEY, set.key().expose())
}

pub fn put_last_archive(
    to: &WriteTransaction,
    keyring: &Keyring,
    info: &ArchiveInfo,
) -> Result<()> {
    put_sealed(to, keyring, LAST_ARCHIVE, &info.encode())
}

pub fn put_row(to: &WriteTransaction, keyring: &Keyring, row: &Row) -> Result<()> {
    let (key, record) = row.seal(keyring)?;
    to.open_table(ROWS)?.insert(row.id, (key.as_slice(), record.as_slice()))?;
    Ok(())
}

fn put_sealed(to: &WriteTransaction, keyring: &Keyring, what: &str, text: &[u8]) -> Result<()> {
    let record = keyring.seal_record(&sealed_context(what)?, text, Padding::None, &mut SysRng)?;
    to.open_table(SEALED)?.insert(what, record.as_slice())?;
    Ok(())
}

/// What a record of [`SEALED`] is bound to.
pub fn sealed_context(what: &str) -> Result<DataContext> {
    let context = DataContext::new(Purpose::Record).collection(b"sealed")?;
    Ok(context.field(what.as_bytes())?)
}

fn keyring_context() -> Result<DataContext> {
    Ok(DataContext::new(Purpose::Keyring).collection(b"vault")?)
}

/// An old keyring in the place of the new one is not noticed here, because 0 accepts every epoch; nor that a row is missing. The number
/// to compare with would have to be where whoever puts back an old folder does not put that back too: on a server, or in the platform's
/// keystore. On this disk there is no such place.
fn open_keyring(stored: &[u8], passphrase: &Passphrase) -> Result<Keyring> {
    let with = UnwrapWith::Passphrase(passphrase);
    let opened = Keyring::open(stored, &keyring_context()?, with, 0);
    Ok(opened.map_err(|error| match error {
        OpenKeyringError::Unwrap(UnwrapError::WrongKeyOrContext) => {
            "the passphrase is wrong: try again, or restore an archive with a recovery code".into()
        }
        error => format!("{error}: restore an archive"),
    })?)
}

/// Of an empty folder. Under another name until it is one: what is killed while it creates a database leaves what is none.
fn create_database(dir: &Path) -> Result<()> {
    let (place, temporary) = (dir.join(DATABASE), dir.join(NEW_DATABASE));
    for entry in fs::read_dir(dir).map_err(|error| at(dir, &error))? {
        if entry?.file_name() != NEW_DATABASE {
            return Err(format!("{} is not empty: name another folder", dir.display()).into());
        }
        fs::remove_file(&temporary).map_err(|error| at(&temporary, &error))?;
    }
    let db = Database::create(&temporary)?;
    let tables = db.begin_write()?;
    tables.open_table(ROWS)?;
    tables.open_table(SEALED)?;
    tables.open_table(PLAIN)?;
    tables.commit()?;
    db.close()?;
    fs::rename(&temporary, &place).map_err(|error| at(&place, &error))?;
    sync_folder(dir)
}

fn open_folder(dir: &Path) -> Result<(Database, Objects)> {
    let path = dir.join(DATABASE);
    let mut builder = Database::builder();
    // The file is small, and what is wrong with it should be an error before anything rests on it.
    let builder = builder.set_cache_size(CACHE).set_check_integrity_on_open(true);
    let db = builder.open(&path).map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => "another command is at work: wait for it".into(),
        error => format!("{}: {error}: restore an archive", path.display()),
    })?;
    Ok((db, Objects::in_folder(dir)?))
}

fn sweep(db: &Database, objects: &Objects) -> Result<()> {
    let swept = objects.sweep(&ids(db)?)?;
    if swept > 0 {
        eprintln!("objects swept away, of a command that was interrupted: {swept}");
    }
    Ok(())
}

fn ids(db: &Database) -> Result<BTreeSet<RowId>> {
    let rows = db.begin_read()?.open_table(ROWS)?;
    let mut ids = BTreeSet::new();
    for row in rows.iter()? {
        ids.insert(row?.0.value());
    }
    Ok(ids)
}

fn get(db: &Database, table: TableDefinition<&str, &[u8]>, what: &str) -> Result<Option<Vec<u8>>> {
    let table = db.begin_read()?.open_table(table)?;
    Ok(table.get(what)?.map(|value| value.value().to_vec()))
}

pub fn now() -> UnixTime {
    UnixTime::from(SystemTime::now())
}
