//! Writing: encrypt, store with everything that has changed, then send.
//!
//! ```text
//! set_devices, begin ─► commit        encrypt_to ─► commit: states, line of the history, outbox ─► relay takes it ─► out of the outbox
//! ```
//!
//! What is in the outbox goes out with the next command, if not with this one, and perhaps twice: the relay takes it once.

use confidant::{
    Address, BeginError, DeviceId, InitiateError, Outgoing, Party, PreKeyBundle, PublicIdentity,
    Publication, StateName, Unstored, UserRecord, VerifiedBundle,
};
use getrandom::SysRng;

use crate::Result;
use crate::account::{Messenger, State, address, name, now, user};
use crate::fields::{exactly, pack, unpack, unpack_all};
use crate::said::{Content, Line, Said, group_name, new_id};
use crate::store::{HISTORY, OUTBOX, Rows, SENT, TEXT};

/// What was in a message, for when it is asked for again.
#[derive(Clone, Copy)]
pub enum Again<'a> {
    /// A line of the history.
    Line(u64),
    /// Our key for this group.
    Key(&'a [u8]),
}

impl Messenger {
    /// Writes to a user or a group.
    pub fn send(&mut self, to: &str, content: Content) -> Result<()> {
        let said = Said::new(to, content)?;
        match self.state.groups.iter().position(|group| group_name(group.id()) == to) {
            Some(group) => self.send_to_group(group, said)?,
            None if to.starts_with('@') => return Err(format!("there is no group {to}").into()),
            None => self.send_to_users(&[to.to_owned()], said, |_| Ok(()))?,
        }
        println!("stored");
        self.deliver()
    }

    /// One message for each device of these users, and for our own others.
    pub fn send_to_users(
        &mut self,
        users: &[String],
        said: Said,
        with: impl FnOnce(&mut Rows<'_>) -> Result<()>,
    ) -> Result<()> {
        let ours = self.state.me.address.clone();
        // Without the relay, those have to do whom we know.
        if self.link.stream().is_ok() {
            for user in users.iter().chain([&user(&ours)]) {
                self.prepare(&address(user)?)?;
            }
        }
        let State { me, own, people, .. } = &mut self.state;
        let others = users.iter().filter(|it| **it != user(&ours));
        if let Some(stranger) = others.clone().find(|it| !people.contains_key(*it)) {
            return Err(format!("{stranger} is not known: add them").into());
        }
        let mut records: Vec<&mut UserRecord> = Vec::new();
        records.extend(
            people.iter_mut().filter(|it| others.clone().any(|u| u == it.0)).map(|it| it.1),
        );
        let text = said.encode()?;
        let letters = own.encrypt_to(&mut records, &mut me.us(now()?), &text, &mut SysRng)?;
        let line = Line { from: name(&ours), with: said.to.clone(), said };
        self.store.commit(letters, |rows, letters| {
            let number = rows.add_line(&line)?.ok_or("an id came twice")?;
            letters
                .iter()
                .try_for_each(|it| rows.put_letter(&ours, it, Some(Again::Line(number))))?;
            with(rows)
        })?;
        Ok(())
    }

    /// Our key to whoever has not got it, each in a transaction with its session; then the message, once for all.
    fn send_to_group(&mut self, group: usize, said: Said) -> Result<()> {
        let (now, ours) = (now()?, self.state.me.address.clone());
        let there_is = || "the group is gone";
        let ours_is = self.state.groups.get_mut(group).ok_or_else(there_is)?;
        if ours_is.is_rotation_due(now) {
            ours_is.rotate(now, &mut SysRng)?;
        }
        let awaiting: Vec<_> = ours_is.awaiting().map(|member| member.address().clone()).collect();
        for member in awaiting {
            self.begin_if_needed(&member)?;
            let given = self.give_key(&member, group)?;
            let id = given_id(&self.state, group)?;
            self.store
                .commit(given, |rows, it| rows.put_letter(&ours, it, Some(Again::Key(&id))))?;
        }
        let group = self.state.groups.get_mut(group).ok_or_else(there_is)?;
        let message = group.encrypt(&said.encode()?, b"", now, &mut SysRng)?;
        let line = Line { from: name(&ours), with: said.to.clone(), said };
        self.store.change(|rows| {
            // Has no `Unstored`: the group alone has changed.
            rows.put_state(&StateName::Group(group.id().clone()), Some(&group.snapshot()))?;
            rows.add_line(&line)?;
            let mut members = group.members().filter(|member| *member.address() != ours);
            members.try_for_each(|it| rows.post(&ours, it.address(), (b"group", &message)))
        })
    }

    /// Our key for a group, to one member.
    pub fn give_key(&mut self, to: &Address, group: usize) -> Result<Unstored<Outgoing>> {
        let (record, mut us, groups) = self.state.with(to)?;
        let device = record.device_mut(to.device()).ok_or("the device is not known")?;
        let group = groups.get_mut(group).ok_or("the group is gone")?;
        Ok(device.distribute(&mut us, group, &mut SysRng)?)
    }

    /// Sees to it that there is a session to write in with every device of a user.
    pub fn prepare(&mut self, user: &Address) -> Result<()> {
        self.take_list(user)?;
        let (record, ..) = self.state.with(user)?;
        let listed = record.devices().filter(|device| device.stale_since().is_none());
        let listed: Vec<Address> = listed.map(|device| device.address().clone()).collect();
        listed.iter().try_for_each(|device| self.begin_if_needed(device))
    }

    /// Takes over what the relay says of a user's devices.
    pub fn take_list(&mut self, user: &Address) -> Result<()> {
        let devices = self.devices(user)?;
        // A session goes on as it was when somebody else is there, and they read nothing of it: better to ask before.
        for (address, identity) in &devices {
            let now_there = Party::new(address.clone(), *identity);
            self.state.me.trust.check(&now_there).map_err(|_| changed(address))?;
        }
        let list: Vec<DeviceId> = devices.iter().map(|(address, _)| address.device()).collect();
        let (record, us, _) = self.state.with(user)?;
        let taken = record.set_devices(&us, &list)?;
        self.store.keep(taken)?;
        Ok(())
    }

    pub fn begin_if_needed(&mut self, with: &Address) -> Result<()> {
        let (record, us, _) = self.state.with(with)?;
        let device = record.device(with.device());
        if device.is_none_or(|it| it.need(&us).is_some() || it.is_handshake_due(&us)) {
            let began = self.begin(with)?;
            self.store.keep(began)?;
        }
        Ok(())
    }

    /// A bundle of a device's, from the relay.
    pub fn bundle(&mut self, of: &Address) -> Result<VerifiedBundle> {
        let answer = self.link.ask(&[b"bundle", name(of).as_bytes()])?;
        let [bundle] = unpack(&answer)?;
        Ok(PreKeyBundle::decode(bundle)?.verify(now()?)?)
    }

    /// A session with a device.
    pub fn begin(&mut self, with: &Address) -> Result<Unstored<()>> {
        let bundle = self.bundle(with)?;
        let (record, mut us, _) = self.state.with(with)?;
        let began = record.begin(&mut us, (with.device(), &bundle), &mut SysRng);
        began.map_err(|error| match error {
            BeginError::Refused(InitiateError::IdentityChanged) => changed(with).into(),
            error => error.into(),
        })
    }

    /// The relay's word: a user's devices, and who has published there.
    pub fn devices(&mut self, user_of: &Address) -> Result<Vec<(Address, PublicIdentity)>> {
        let user = user(user_of);
        let answer = self.link.ask(&[b"devices", user.as_bytes()])?;
        let mut devices = Vec::new();
        for device in unpack_all(&answer)? {
            let [number, identity] = unpack(device)?;
            let device = format!("{user}/{}", std::str::from_utf8(number)?);
            devices.push((address(&device)?, PublicIdentity::from_bytes(&exactly(identity)?)?));
        }
        Ok(devices)
    }

    /// Sends what is in the outbox, in its order, and takes out what the relay has acknowledged.
    pub fn deliver(&mut self) -> Result<()> {
        let outbox = self.store.all(OUTBOX)?;
        let mut taken = Vec::new();
        let mut failed = None;
        for (key, question) in &outbox {
            match unpack_all(question.as_bytes()).and_then(|question| self.link.ask(&question)) {
                Ok(_) => taken.push(key),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        if !taken.is_empty() {
            self.store
                .change(|rows| taken.iter().try_for_each(|key| rows.remove(key).map(drop)))?;
        }
        match failed {
            None => println!("the outbox is empty"),
            Some(error) => {
                let left = outbox.len() - taken.len();
                eprintln!("{error}; in the outbox, for the next command: {left}");
            }
        }
        Ok(())
    }
}

/// What the user is told; nothing is sent until they have decided.
pub fn changed(device: &Address) -> String {
    let user = user(device);
    format!("{} has another identity now: ask {user}, then accept {user}", name(device))
}

fn given_id(state: &State, group: usize) -> Result<Vec<u8>> {
    Ok(state.groups.get(group).ok_or("the group is gone")?.id().as_bytes().to_vec())
}

impl Rows<'_> {
    /// Puts a message into the outbox, and remembers what was in it.
    pub fn put_letter(
        &mut self,
        ours: &Address,
        out: &Outgoing,
        again: Option<Again<'_>>,
    ) -> Result<()> {
        let to = out.sent.to();
        self.post(ours, to.address(), (b"device", &out.message))?;
        let again = match again {
            None => return Ok(()),
            Some(Again::Line(number)) => [b"l", number.to_be_bytes().as_slice()].concat(),
            Some(Again::Key(group)) => [b"k", group].concat(),
        };
        let sent = pack(&[name(to.address()).as_bytes(), &to.identity().to_bytes(), &again])?;
        self.put_named(SENT, out.sent.id().as_bytes(), &sent)
    }

    fn post(
        &mut self,
        from: &Address,
        to: &Address,
        (kind, message): (&[u8], &[u8]),
    ) -> Result<()> {
        let (id, from, to) = (new_id()?, name(from), name(to));
        let question = pack(&[b"post", &id, from.as_bytes(), to.as_bytes(), kind, message])?;
        self.append(OUTBOX, &question).map(drop)
    }

    pub fn put_publication(&mut self, ours: &Address, new: &Publication) -> Result<()> {
        let question = pack(&[b"publish", &new_id()?, name(ours).as_bytes(), &new.encode()])?;
        self.append(OUTBOX, &question).map(drop)
    }

    /// Adds a line to the history; `None` if it is there already.
    pub fn add_line(&mut self, line: &Line) -> Result<Option<u64>> {
        let name = [line.from.as_bytes(), &line.said.id].concat();
        if self.has(TEXT, &name)? {
            return Ok(None);
        }
        self.put_named(TEXT, &name, b"")?;
        self.append(HISTORY, &line.encode()?).map(Some)
    }
}
