//! One device in a group: what an application has to do.
//!
//! ```text
//! to speak     rotate if the key is due; give it to whoever awaits it; encrypt once; send to all
//! a line       read it; if its key has not come: keep it, and ask its sender for the key after a while
//! a letter     a key: take it in, and try again what was kept        a request for our key: answer it
//! ```
//!
//! Where a real application stores its state, a comment says so. Always before anything is sent or shown.

use std::collections::{BTreeMap, BTreeSet};

use confidant::{
    GroupDecryptError, GroupId, GroupReceived, GroupSession, Party, Received, Rotation,
};
use getrandom::SysRng;

use crate::letters::Letters;
use crate::world::{Name, Post, Result, World};

const PLEASE: &[u8] = b"please give me your key";
/// Requests after which a line is given up: its key is one that we shall never have, or its name was changed on the way.
const PATIENCE: usize = 16;
/// Lines that are kept until their keys come: strangers must not fill our memory.
const MAX_KEPT: usize = 1_000;

pub struct Device {
    name: Name,
    letters: Letters,
    group: Option<GroupSession>,
    /// Our current key, as it was written to each member: still encrypted for that member, to be sent again. Stored with the
    /// group.
    handed: BTreeMap<Name, Vec<u8>>,
    kept: Vec<Kept>,
    refused: BTreeMap<String, usize>,
    requests: usize,
    restarts: usize,
}

/// A line whose key has not come.
struct Kept {
    from: Name,
    message: Vec<u8>,
    asked: usize,
}

impl Device {
    pub fn new(name: Name, world: &mut World) -> Result<Self> {
        Ok(Self {
            name,
            letters: Letters::new(name, world)?,
            group: None,
            handed: BTreeMap::new(),
            kept: Vec::new(),
            refused: BTreeMap::new(),
            requests: 0,
            restarts: 0,
        })
    }

    /// Enters a group, in the epoch of that number.
    pub fn enter(&mut self, number: u64, members: Vec<Party>) -> Result<()> {
        let id = GroupId::new("ten friends")?;
        let us = self.letters.member();
        self.group = Some(GroupSession::new(id, us, number, members, Rotation::default())?);
        Ok(())
    }

    /// Takes in a change of the group. If anybody has gone, our key is due from here on.
    pub fn change(&mut self, number: u64, members: Vec<Party>) -> Result<()> {
        self.group.as_mut().ok_or("not in the group")?.change(number, members)?;
        // Store the group before anything else is sent: what was removed must stay removed.
        Ok(())
    }

    /// Encrypts a line to the group, once for everybody.
    pub fn say(&mut self, text: &[u8], world: &mut World) -> Result<Vec<u8>> {
        self.prepare(world)?;
        let group = self.group.as_mut().ok_or("not in the group")?;
        // Store the group, then send: a state from before would use the same message key again.
        Ok(group.encrypt(text, b"", world.now, &mut SysRng)?)
    }

    /// Makes a new key if ours is due, and gives it to everybody who has not got it.
    fn prepare(&mut self, world: &mut World) -> Result<()> {
        let group = self.group.as_mut().ok_or("not in the group")?;
        if group.is_rotation_due(world.now) {
            group.rotate(world.now, &mut SysRng)?;
            self.handed.clear();
        }
        let awaiting: Vec<_> = group.awaiting().collect();
        for member in awaiting {
            self.hand_key(world.name_of(member.address())?, world)?;
        }
        Ok(())
    }

    /// Gives our key to one member, from where it stands. `distribute` refuses whoever is none.
    fn hand_key(&mut self, to: Name, world: &mut World) -> Result<()> {
        let group = self.group.as_mut().ok_or("not in the group")?;
        let session = self.letters.session(to, world)?;
        let key = group.distribute(session.peer())?;
        let letter = session.encrypt_distribution(&key, &mut SysRng)?;
        // Store group, session and letter in one transaction, then send.
        self.handed.insert(to, letter.clone());
        world.relay.take(self.name, to, Post::Letter, letter);
        Ok(())
    }

    /// Receives a letter or a line. Returns what could be read now.
    pub fn receive(
        &mut self,
        from: Name,
        post: Post,
        bytes: &[u8],
        world: &mut World,
    ) -> Result<Vec<GroupReceived>> {
        match post {
            Post::Line(_) => Ok(self.read(from, bytes, 0).into_iter().collect()),
            Post::Letter => match self.letters.open(from, bytes, world) {
                Ok(received) if received.is_distribution() => Ok(self.take_key(&received)),
                Ok(received) if received.plaintext.as_bytes() == PLEASE => {
                    // Store the session, then act.
                    self.answer(from, world)?;
                    Ok(Vec::new())
                }
                Ok(_) => Ok(self.refuse("a letter that says nothing to us")),
                Err(error) => Ok(self.refuse(&error.to_string())),
            },
        }
    }

    /// Reads a line, or keeps it until its key comes. What does not open changes nothing.
    fn read(&mut self, from: Name, message: &[u8], asked: usize) -> Option<GroupReceived> {
        let decrypt = |group: &mut GroupSession| group.decrypt(message, b"");
        match self.group.as_mut().map_or(Err(GroupDecryptError::UnknownKey), decrypt) {
            // Store the group, then show the line.
            Ok(received) => return Some(received),
            // Here everybody is told of a change at the same time. Otherwise `UnknownEpoch` may come, and waits for the change.
            Err(GroupDecryptError::UnknownKey) if self.kept.len() < MAX_KEPT => {
                self.kept.push(Kept { from, message: message.to_vec(), asked });
            }
            Err(error) => self.refuse(&error.to_string()),
        }
        None
    }

    /// Takes in a sender key, which is the session's peer's, and reads what was kept for it.
    fn take_key(&mut self, received: &Received) -> Vec<GroupReceived> {
        let Some(group) = &mut self.group else { return self.refuse("a key of no group of ours") };
        // Here too `UnknownEpoch` waits for the change.
        if let Err(error) = group.receive(received) {
            return self.refuse(&error.to_string());
        }
        // Store session and group in one transaction: if only the session were stored, the key would be lost, for the letter
        // does not open twice.
        let kept = std::mem::take(&mut self.kept).into_iter();
        kept.filter_map(|Kept { from, message, asked }| self.read(from, &message, asked)).collect()
    }

    /// Gives our key to somebody who asks for it.
    fn answer(&mut self, to: Name, world: &mut World) -> Result<()> {
        if let Some(letter) = self.handed.get(to) {
            // The letter as it was: if it was lost it opens still, and gives the key from where it stood then. A key that is
            // given anew would not read what has been said since.
            world.relay.take(self.name, to, Post::Letter, letter.clone());
        } else if let Err(error) = self.hand_key(to, world) {
            self.refuse::<()>(&error.to_string());
        }
        Ok(())
    }

    /// Asks the senders of the lines that are kept for their keys.
    pub fn ask(&mut self, world: &mut World) -> Result<()> {
        if self.group.is_none() {
            return Ok(());
        }
        self.kept.iter_mut().for_each(|kept| kept.asked += 1);
        self.kept.retain(|kept| kept.asked <= PATIENCE);
        let senders: BTreeSet<Name> = self.kept.iter().map(|kept| kept.from).collect();
        for to in senders {
            let letter = self.letters.session(to, world)?.encrypt(PLEASE, &mut SysRng)?;
            // Store the session, then send.
            world.relay.take(self.name, to, Post::Letter, letter);
            self.requests += 1;
        }
        Ok(())
    }

    pub fn lacks_keys(&self) -> bool {
        self.group.is_some() && !self.kept.is_empty()
    }

    /// Goes on from what was stored, as after a crash.
    pub fn restart(&mut self) -> Result<()> {
        self.letters.restart()?;
        let stored = self.group.take().ok_or("not in the group")?.snapshot();
        self.group = Some(GroupSession::restore(stored.expose(), stored.epoch())?);
        self.restarts += 1;
        Ok(())
    }

    fn refuse<T: Default>(&mut self, why: &str) -> T {
        *self.refused.entry(why.to_owned()).or_default() += 1;
        T::default()
    }

    pub const fn restarts(&self) -> usize {
        self.restarts
    }

    pub const fn requests(&self) -> usize {
        self.requests
    }

    pub fn print(&self) {
        println!("\n{} refused:", self.name);
        for (why, times) in &self.refused {
            println!("  {times:>5} × {why}");
        }
    }
}
