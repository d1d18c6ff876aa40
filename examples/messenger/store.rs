//! What a device keeps: one table of a database, every value of which is a record of a keyring that the passphrase opens.
//!
//! ```text
//! key   = what it is(1) ‖ blind index of its name(32), or its number(8)
//! value = record(data), bound to the key
//! ```
//!
//! What can be seen without the passphrase: how many rows of which kind there are, how long they are (within 12 %), and which change together.
//!
//! **[`Store::commit`] is the one place where anything that the crate gives out is stored**: all that an operation has changed, and what came of it, in
//! one transaction, before it is sent or shown. What is killed anywhere is found again as it was before the operation, or as it was behind it.

use std::fs;
use std::path::Path;

use confidant::{
    BlindIndex, DataContext, Keyring, OpenKeyringError, Padding, Passphrase, PasswordParameters,
    Plaintext, Purpose, Snapshot, StateName, Unstored, UnwrapError, UnwrapWith, WrapWith,
};
use getrandom::SysRng;
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, Table, TableDefinition,
    WriteTransaction,
};

use crate::Result;
use crate::account::now;

const ROWS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("rows");
/// Protects itself, and holds no secret.
const KEYRING: TableDefinition<(), &[u8]> = TableDefinition::new("keyring");

/// What rows are. The crate's own states are 2 to 5: the first byte of a [`StateName`].
pub const GROUP: u8 = 3;
pub const DEVICE: u8 = 5;
/// This device's own things.
pub const OURS: u8 = 0x80;
/// Uploads that the relay has not acknowledged, in their order.
pub const OUTBOX: u8 = 0x81;
/// What was said, in the order in which it was stored here.
pub const HISTORY: u8 = 0x82;
/// Texts that are in the history, by sender and id.
pub const TEXT: u8 = 0x83;
/// What was sent to whom, by message: for as long as it may be asked for again. A real application forgets it after a month.
pub const SENT: u8 = 0x84;

pub struct Store {
    db: Database,
    keyring: Keyring,
    names: BlindIndex,
}

/// The rows, in a transaction.
pub struct Rows<'a> {
    table: Table<'a, &'static [u8], &'static [u8]>,
    store: &'a Store,
}

impl Store {
    /// Makes the database of a new device. It has its name when `first` has filled it: what is killed before has left no device.
    pub fn create(
        dir: &Path,
        (passphrase, with): (&Passphrase, PasswordParameters),
        first: impl FnOnce(&mut Rows<'_>) -> Result<()>,
    ) -> Result<()> {
        let (place, part) = (dir.join("messenger.redb"), dir.join("messenger.redb.part"));
        if place.exists() {
            return Err(format!("{} is a device already", dir.display()).into());
        }
        fs::create_dir_all(dir)?;
        fs::remove_file(&part).ok();
        let db = Database::create(&part)?;
        let with = WrapWith::Passphrase(passphrase, with);
        let keyring = Keyring::create(&keyring_context()?, with, now()?, &mut SysRng)?;
        let tables = db.begin_write()?;
        tables.open_table(KEYRING)?.insert((), keyring.encode().as_slice())?;
        let store = Self::new(db, keyring)?;
        store.work(tables, first)?;
        store.db.close()?;
        fs::rename(&part, &place)?;
        if cfg!(unix) {
            fs::File::open(dir)?.sync_all()?;
        }
        Ok(())
    }

    pub fn open(dir: &Path, passphrase: &Passphrase) -> Result<Self> {
        let path = dir.join("messenger.redb");
        if !path.exists() {
            return Err(format!("{} is no device: register it", dir.display()).into());
        }
        let db = Database::builder().set_check_integrity_on_open(true).open(&path);
        let db = db.map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => "another command is at work: wait for it".into(),
            error => format!("{}: {error}", path.display()),
        })?;
        let stored = db.begin_read()?.open_table(KEYRING)?.get(())?.map(|it| it.value().to_vec());
        let stored = stored.ok_or("the keyring is gone")?;
        let with = UnwrapWith::Passphrase(passphrase);
        // 0 takes a keyring of any age: on this disk is no place that is not put back together with it.
        let keyring = Keyring::open(&stored, &keyring_context()?, with, 0);
        let keyring = keyring.map_err(|error| match error {
            OpenKeyringError::Unwrap(UnwrapError::WrongKeyOrContext) => {
                "the passphrase is wrong, or the keyring is damaged".to_owned()
            }
            error => format!("the keyring is damaged: {error}"),
        })?;
        Self::new(db, keyring)
    }

    fn new(db: Database, keyring: Keyring) -> Result<Self> {
        let context = DataContext::new(Purpose::Record).collection(b"names")?;
        let names = keyring.blind_index(keyring.active(), &context);
        Ok(Self { db, keyring, names: names.ok_or("the keyring has no active key")? })
    }

    /// Stores all that an operation has changed, with what the application makes of it; all or nothing. Only then gives its result.
    pub fn commit<T>(
        &self,
        unstored: Unstored<T>,
        with: impl FnOnce(&mut Rows<'_>, &T) -> Result<()>,
    ) -> Result<T> {
        self.change(|rows| {
            for change in unstored.changes() {
                rows.put_state(change.name(), change.snapshot())?;
            }
            with(rows, unstored.to_store())
        })?;
        Ok(unstored.stored())
    }

    /// The same where nothing is made of it, and perhaps nothing has changed.
    pub fn keep<T>(&self, unstored: Unstored<T>) -> Result<T> {
        if unstored.changes().len() == 0 {
            return Ok(unstored.stored());
        }
        self.commit(unstored, |_, _| Ok(()))
    }

    /// One transaction: all of it, on the disk, or nothing.
    pub fn change<T>(&self, work: impl FnOnce(&mut Rows<'_>) -> Result<T>) -> Result<T> {
        self.work(self.db.begin_write()?, work)
    }

    fn work<T>(
        &self,
        transaction: WriteTransaction,
        work: impl FnOnce(&mut Rows<'_>) -> Result<T>,
    ) -> Result<T> {
        let done = work(&mut Rows { table: transaction.open_table(ROWS)?, store: self })?;
        transaction.commit()?;
        Ok(done)
    }

    /// The key of a row that has a name.
    pub fn key(&self, kind: u8, name: &[u8]) -> Vec<u8> {
        [&[kind], self.names.of(&[&[kind], name].concat()).as_slice()].concat()
    }

    pub fn state_key(&self, name: &StateName) -> Vec<u8> {
        let name = name.to_bytes();
        self.key(name.first().copied().unwrap_or_default(), &name)
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Plaintext>> {
        let rows = self.db.begin_read()?.open_table(ROWS)?;
        rows.get(key)?.map(|record| self.open_row(key, record.value())).transpose()
    }

    /// What has to be there.
    pub fn need(&self, key: &[u8]) -> Result<Plaintext> {
        Ok(self.get(key)?.ok_or("a row of the database is gone")?)
    }

    /// All rows of a kind, by key.
    pub fn all(&self, kind: u8) -> Result<Vec<(Vec<u8>, Plaintext)>> {
        let rows = self.db.begin_read()?.open_table(ROWS)?;
        let mut all = Vec::new();
        for row in rows.range::<&[u8]>([kind].as_slice()..[kind + 1].as_slice())? {
            let (key, record) = row?;
            let opened = self.open_row(key.value(), record.value())?;
            all.push((key.value().to_vec(), opened));
        }
        Ok(all)
    }

    fn open_row(&self, key: &[u8], record: &[u8]) -> Result<Plaintext> {
        let opened = self.keyring.open_record(&context(key)?, record);
        Ok(opened.map_err(|error| format!("a row of the database is damaged: {error}"))?)
    }
}

impl Rows<'_> {
    pub fn put(&mut self, key: &[u8], data: &[u8]) -> Result<()> {
        let (context, keyring) = (context(key)?, &self.store.keyring);
        let record = keyring.seal_record(&context, data, Padding::Padme, &mut SysRng)?;
        self.table.insert(key, record.as_slice())?;
        Ok(())
    }

    pub fn put_named(&mut self, kind: u8, name: &[u8], data: &[u8]) -> Result<()> {
        self.put(&self.store.key(kind, name), data)
    }

    /// Says whether it was there.
    pub fn remove(&mut self, key: &[u8]) -> Result<bool> {
        Ok(self.table.remove(key)?.is_some())
    }

    /// A state of the crate's: what an `Unstored` lists, or what has no `Unstored`.
    pub fn put_state(&mut self, name: &StateName, snapshot: Option<&Snapshot>) -> Result<()> {
        let key = self.store.state_key(name);
        match snapshot {
            Some(snapshot) => self.put(&key, snapshot.expose()),
            None => self.remove(&key).map(drop),
        }
    }

    pub fn has(&self, kind: u8, name: &[u8]) -> Result<bool> {
        Ok(self.table.get(self.store.key(kind, name).as_slice())?.is_some())
    }

    /// Adds a row behind those of its kind.
    pub fn append(&mut self, kind: u8, data: &[u8]) -> Result<u64> {
        let last = match self.table.range::<&[u8]>([kind].as_slice()..[kind + 1].as_slice())?.last()
        {
            Some(row) => number(row?.0.value())?,
            None => 0,
        };
        self.put(&numbered(kind, last + 1), data)?;
        Ok(last + 1)
    }
}

/// The key of a row that has a number.
pub fn numbered(kind: u8, number: u64) -> Vec<u8> {
    [&[kind], number.to_be_bytes().as_slice()].concat()
}

pub fn number(key: &[u8]) -> Result<u64> {
    Ok(u64::from_be_bytes(*key.last_chunk().ok_or("a row of the database has no number")?))
}

fn context(key: &[u8]) -> Result<DataContext> {
    Ok(DataContext::new(Purpose::Record).collection(b"rows")?.object(key)?)
}

fn keyring_context() -> Result<DataContext> {
    Ok(DataContext::new(Purpose::Keyring).collection(b"messenger")?)
}
