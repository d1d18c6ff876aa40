//! The relay: who has published which pre-keys, letters until they are fetched, and objects. It has no keys, and believes nobody's letters.
//!
//! Every upload has an id, and is taken once, however often it comes: so a device can send again what it has not seen acknowledged. A letter
//! stays until its reader acknowledges it; a real relay drops what nobody has fetched for a month.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use confidant::Publication;
use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};

use crate::Result;
use crate::account::now;
use crate::fields::{exactly, pack, unpack, unpack_all};
use crate::link::{read_frame, write_frame};

/// By device, as `user/device`.
const PUBLISHED: TableDefinition<&str, &[u8]> = TableDefinition::new("published");
/// By device and number: sender, kind and message.
const LETTERS: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("letters");
/// Ids of uploads that were taken. A real relay forgets them after a while.
const TAKEN: TableDefinition<&[u8], ()> = TableDefinition::new("taken");

/// Letters in one answer.
const AT_ONCE: usize = 50;

struct Relay {
    db: Database,
    objects: PathBuf,
    /// For tests: a line for each letter that arrives, taken or not.
    log: Option<Mutex<File>>,
}

/// Serves until it is killed.
pub fn serve(dir: &Path, port_file: &Path, log: Option<&str>) -> Result<()> {
    let objects = dir.join("objects");
    fs::create_dir_all(&objects)?;
    let db = Database::create(dir.join("relay.redb"))?;
    let tables = db.begin_write()?;
    tables.open_table(PUBLISHED)?;
    tables.open_table(LETTERS)?;
    tables.open_table(TAKEN)?;
    tables.commit()?;
    let log =
        log.map(|path| OpenOptions::new().create(true).append(true).open(path)).transpose()?;
    let relay = Arc::new(Relay { db, objects, log: log.map(Mutex::new) });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let part = port_file.with_added_extension("part");
    fs::write(&part, listener.local_addr()?.port().to_string())?;
    fs::rename(&part, port_file)?;
    for stream in listener.incoming() {
        let (relay, stream) = (Arc::clone(&relay), stream?);
        // Whoever goes away is nobody's error.
        thread::spawn(move || relay.talk(&stream).ok());
    }
    Ok(())
}

impl Relay {
    fn talk(&self, stream: &TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut questions = BufReader::new(stream);
        loop {
            let question = read_frame(&mut questions)?;
            let answer = match unpack_all(&question)?.as_slice() {
                [b"put", id] => self.put(id, &mut questions),
                [b"get", id] => self.get(id, stream),
                question => self.answer(question),
            };
            match answer {
                Ok(Some(fields)) => write_frame(stream, &[&[1], fields.as_slice()].concat())?,
                Ok(None) => {}
                Err(error) => write_frame(stream, &[b"\0", error.to_string().as_bytes()].concat())?,
            }
        }
    }

    fn answer(&self, question: &[&[u8]]) -> Result<Option<Vec<u8>>> {
        match question {
            [b"publish", id, device, publication] => self.publish(id, text(device)?, publication),
            [b"devices", user] => self.devices(text(user)?),
            [b"bundle", device] => self.bundle(text(device)?),
            [b"post", id, from, to, kind, message] => {
                self.log(from, to, message)?;
                self.post(id, text(to)?, &pack(&[from, kind, message])?)
            }
            [b"fetch", device, after] => self.fetch(text(device)?, number(after)?),
            [b"done", device, letter] => self.done(text(device)?, number(letter)?),
            _ => Err("the relay does not know what that is".into()),
        }
        .map(Some)
    }

    /// Adds to what a device has published; of another identity at the same address, only what is new counts.
    fn publish(&self, id: &[u8], device: &str, publication: &[u8]) -> Result<Vec<u8>> {
        self.once(id, |tables| {
            let mut published = tables.open_table(PUBLISHED)?;
            let mut all = Publication::decode(publication)?;
            let before = published.get(device)?.map(|before| before.value().to_vec());
            if let Some(before) = before {
                let mut before = Publication::decode(&before)?;
                if before.update(all.clone()).is_ok() {
                    all = before;
                }
            }
            published.insert(device, all.encode().as_slice())?;
            Ok(())
        })
    }

    /// The numbers of a user's devices, each with the identity that has published there.
    fn devices(&self, user: &str) -> Result<Vec<u8>> {
        let published = self.db.begin_read()?.open_table(PUBLISHED)?;
        let mut devices = Vec::new();
        let (first, behind) = (format!("{user}/"), format!("{user}0"));
        for device in published.range(first.as_str()..behind.as_str())? {
            let (device, publication) = device?;
            let identity = Publication::decode(publication.value())?.identity().to_bytes();
            let number = device.value().trim_start_matches(&first).to_owned();
            devices.push(pack(&[number.as_bytes(), &identity])?);
        }
        pack(&devices.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// A bundle, whose one-time keys are gone from what is left before it is given out.
    fn bundle(&self, device: &str) -> Result<Vec<u8>> {
        let tables = self.db.begin_write()?;
        let bundle = {
            let mut published = tables.open_table(PUBLISHED)?;
            let before = published.get(device)?.map(|before| before.value().to_vec());
            let before = before.ok_or_else(|| format!("nobody has published for {device}"))?;
            let mut left = Publication::decode(&before)?;
            let bundle = left.next_bundle(now()?).encode();
            published.insert(device, left.encode().as_slice())?;
            bundle
        };
        tables.commit()?;
        pack(&[&bundle])
    }

    fn post(&self, id: &[u8], to: &str, letter: &[u8]) -> Result<Vec<u8>> {
        self.once(id, |tables| {
            let mut letters = tables.open_table(LETTERS)?;
            // Never a number twice, fetched or not.
            let key = tables.open_table(TAKEN)?.len()?;
            letters.insert((to, key), letter)?;
            Ok(())
        })
    }

    /// Takes an upload, unless it was taken before.
    fn once(
        &self,
        id: &[u8],
        take: impl FnOnce(&redb::WriteTransaction) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let tables = self.db.begin_write()?;
        if tables.open_table(TAKEN)?.insert(id, ())?.is_none() {
            take(&tables)?;
            tables.commit()?;
        }
        Ok(Vec::new())
    }

    /// Letters for a device behind this number.
    fn fetch(&self, device: &str, after: u64) -> Result<Vec<u8>> {
        let letters = self.db.begin_read()?.open_table(LETTERS)?;
        let mut found = Vec::new();
        for letter in letters.range((device, after + 1)..=(device, u64::MAX))?.take(AT_ONCE) {
            let (key, letter) = letter?;
            let [from, kind, message] = unpack(letter.value())?;
            found.push(pack(&[&key.value().1.to_be_bytes(), from, kind, message])?);
        }
        pack(&found.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn done(&self, device: &str, letter: u64) -> Result<Vec<u8>> {
        let tables = self.db.begin_write()?;
        tables.open_table(LETTERS)?.remove((device, letter))?;
        tables.commit()?;
        Ok(Vec::new())
    }

    /// Takes in an object.
    fn put(&self, id: &[u8], mut pieces: impl io::Read) -> Result<Option<Vec<u8>>> {
        let place = self.object(id)?;
        let part = place.with_extension("part");
        let mut file = File::create(&part)?;
        loop {
            let piece = read_frame(&mut pieces)?;
            if piece.is_empty() {
                break;
            }
            file.write_all(&piece)?;
        }
        file.sync_all()?;
        fs::rename(&part, &place)?;
        Ok(Some(Vec::new()))
    }

    /// Gives out an object: its length, and then it.
    fn get(&self, id: &[u8], mut to: impl Write) -> Result<Option<Vec<u8>>> {
        let mut file = File::open(self.object(id)?).map_err(|_| "there is no such object")?;
        let len = pack(&[&file.metadata()?.len().to_be_bytes()])?;
        write_frame(&mut to, &[&[1], len.as_slice()].concat())?;
        io::copy(&mut file, &mut to)?;
        Ok(None)
    }

    fn object(&self, id: &[u8]) -> Result<PathBuf> {
        Ok(self.objects.join(format!("{:032x}", u128::from_be_bytes(exactly(id)?))))
    }

    fn log(&self, from: &[u8], to: &[u8], message: &[u8]) -> Result<()> {
        let Some(log) = &self.log else { return Ok(()) };
        let message: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
        let line = format!("{} {} {message}\n", text(from)?, text(to)?);
        log.lock().map_err(|_| "the log is closed")?.write_all(line.as_bytes())?;
        Ok(())
    }
}

fn text(field: &[u8]) -> Result<&str> {
    Ok(std::str::from_utf8(field)?)
}

fn number(field: &[u8]) -> Result<u64> {
    Ok(u64::from_be_bytes(exactly(field)?))
}
