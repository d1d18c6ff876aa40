//! Files: an object at the relay, under a key of its own, which travels in a message that points to it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read};
use std::path::Path;

use confidant::{
    AttachmentPart, AttachmentPointer, DataContext, DigestWriter, FileDigest, FileKey, FileReader,
    FileWriter, Padding, Purpose,
};
use getrandom::SysRng;
use indicatif::{ProgressBar, ProgressStyle};

use crate::Result;
use crate::account::Messenger;
use crate::fields::{exactly, unpack};
use crate::link::{Upload, write_frame};
use crate::said::{Content, new_id};

const PIECE: usize = 1 << 16;

impl Messenger {
    /// First the object, whole; then the message that points to it. What is killed between leaves an object that nobody can open.
    pub fn send_file(&mut self, to: &str, path: &Path) -> Result<()> {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("it has no name")?;
        let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let bar = progress(file.metadata()?.len())?;
        let (object, key) = (new_id()?, FileKey::generate(&mut SysRng)?);
        write_frame(self.link.stream()?, &crate::fields::pack(&[b"put", &object])?)?;
        let out = BufWriter::with_capacity(PIECE, Upload(self.link.stream()?));
        let out = DigestWriter::new(out);
        let context = context(&object)?;
        let mut writer = FileWriter::new(out, &key, &context, Padding::Padme, &mut SysRng)?;
        io::copy(&mut bar.wrap_read(file), &mut writer)?;
        let (out, info) = writer.finish()?;
        let (_, digest) = out.finish();
        write_frame(self.link.stream()?, &[])?;
        self.link.answer()?;
        bar.finish_and_clear();
        let part = AttachmentPart::new(info, digest, "")?;
        let pointer = AttachmentPointer::new(key, part);
        self.send(to, Content::File { name: name.to_owned(), object, pointer })
    }

    /// Fetches the file of a line. All of the object is there and is the one that was meant before any of it is opened.
    pub fn save(&mut self, dir: &Path, line: u64, path: &Path) -> Result<()> {
        let Content::File { object, pointer, .. } = self.line(line)?.said.content else {
            return Err("that is no file".into());
        };
        let fetched = dir.join("fetched");
        let answer = self.link.ask(&[b"get", &object])?;
        let [len] = unpack(&answer)?;
        let len = u64::from_be_bytes(exactly(len)?);
        if len != pointer.file().info().ciphertext_len() {
            return Err("the relay has another object in its place".into());
        }
        let bar = progress(len)?;
        let mut out = DigestWriter::new(File::create(&fetched)?);
        io::copy(&mut bar.wrap_read(self.link.stream()?).take(len), &mut out)?;
        bar.finish_and_clear();
        let (_, digest) = out.finish();
        write(&fetched, digest, (&object, &pointer), path)?;
        fs::remove_file(fetched)?;
        println!("saved {}", path.display());
        Ok(())
    }
}

fn write(
    fetched: &Path,
    digest: FileDigest,
    (object, pointer): (&[u8; 16], &AttachmentPointer),
    path: &Path,
) -> Result<()> {
    let info = pointer.file().verify(digest)?;
    let mut reader = FileReader::new(File::open(fetched)?, pointer.key(), &context(object)?, info)?;
    let part = path.with_added_extension("part");
    let mut out = File::create(&part)?;
    io::copy(&mut reader, &mut out)?;
    out.sync_all()?;
    fs::rename(part, path)?;
    Ok(())
}

/// What both ends know of the object.
fn context(object: &[u8; 16]) -> Result<DataContext> {
    Ok(DataContext::new(Purpose::File).collection(b"attachments")?.object(object)?)
}

/// Shows how far it is, if somebody is watching.
fn progress(len: u64) -> Result<ProgressBar> {
    let style = "{bar:40} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
    Ok(ProgressBar::new(len).with_style(ProgressStyle::with_template(style)?))
}
