//! Reading: decrypt, store with everything that has changed, then acknowledge.
//!
//! ```text
//! relay ─► decrypt ─► commit: states, line of the history, answer in the outbox ─► the relay forgets the letter
//! ```
//!
//! What was committed and not acknowledged comes again, and is a duplicate: its key is gone, in the transaction that stored its text.

use confidant::limits::KEPT_LIFETIME;
use confidant::{
    Address, DecryptError, Delivery, DeviceRecord, DistributionError, GroupDecryptError,
    GroupSession, Incoming, Party, ReceiveError, Rotation, StateName, Trust, Unstored, UserRecord,
};
use getrandom::SysRng;

use crate::Result;
use crate::account::{Messenger, ONE_TIME_KEYS, address, name, now, user};
use crate::fields::{exactly, unpack, unpack_all};
use crate::said::{Content, Line, Said, group_name};
use crate::send::changed;

impl Messenger {
    /// Fetches and stores everything that waits at the relay, and shows what is new.
    pub fn read(&mut self) -> Result<()> {
        let ours = name(&self.state.me.address);
        let mut after = [0; 8];
        loop {
            let letters = self.link.ask(&[b"fetch", ours.as_bytes(), &after])?;
            for letter in unpack_all(&letters)? {
                let [number, from, kind, message] = unpack(letter)?;
                after = exactly(number)?;
                match self.receive(from, (kind, message)) {
                    Ok(true) => drop(self.link.ask(&[b"done", ours.as_bytes(), number])?),
                    // It stays at the relay, and what has changed in memory is given up.
                    Ok(false) => self.reload()?,
                    Err(error) => {
                        eprintln!("a letter was left at the relay: {error}");
                        self.reload()?;
                    }
                }
            }
            if letters.is_empty() {
                break;
            }
        }
        self.maintain()?;
        self.show_new()?;
        self.deliver()
    }

    /// Is it settled?
    fn receive(&mut self, from: &[u8], (kind, message): (&[u8], &[u8])) -> Result<bool> {
        let from = address(std::str::from_utf8(from)?)?;
        if kind == b"group" {
            return self.receive_from_group(message);
        }
        let (is_own, record) = (self.is_own(&from), self.state.with(&from)?.0);
        let is_listed = |it: &DeviceRecord| it.stale_since().is_none();
        // Who comes by itself is read, and not answered before the list has it.
        if !record.device(from.device()).is_some_and(is_listed)
            && (is_own || record.devices().len() > 0)
        {
            self.take_list(&from)?;
        }
        let (record, mut us, _) = self.state.with(&from)?;
        match record.decrypt(&mut us, from.device(), message) {
            Ok(delivery) => self.take_in(&from, delivery),
            Err(ReceiveError::Decrypt(DecryptError::Duplicate)) => Ok(true),
            // Anybody can write in this device's name. Its bundle says whether the user has to be asked.
            Err(ReceiveError::IdentityChanged) => {
                let now_there = Party::new(from.clone(), *self.bundle(&from)?.identity());
                self.state.me.trust.check(&now_there).map_err(|_| changed(&from))?;
                eprintln!("somebody writes in the name of {}", name(&from));
                Ok(true)
            }
            Err(error) => self.ask_for(&from, message, error),
        }
    }

    fn take_in(&mut self, from: &Address, mut delivery: Unstored<Delivery>) -> Result<bool> {
        warn(from, delivery.to_store());
        match &delivery.to_store().incoming {
            Incoming::Text(text) => {
                let said = Said::decode(text.plaintext.as_bytes());
                self.take_in_text(from, delivery, said)?;
            }
            Incoming::Distribution(_) => {
                for group in &mut self.state.groups {
                    match delivery.receive_key(group) {
                        Err(DistributionError::WrongGroup) => {}
                        taken => {
                            if let Err(error) = taken {
                                eprintln!("{}: a key was not taken: {error}", name(from));
                            }
                            self.store.keep(delivery)?;
                            return Ok(true);
                        }
                    }
                }
                // The invitation has not come yet.
                return Ok(false);
            }
            Incoming::RetryRequest(request) => {
                let request = request.clone();
                self.answer(delivery, &request)?;
            }
            Incoming::NotOurs(_) => {
                eprintln!("{} has not written what could not be read", name(from));
                self.store.keep(delivery)?;
            }
            _ => {
                eprintln!("{} uses a newer version: update", name(from));
                self.store.keep(delivery)?;
            }
        }
        Ok(true)
    }

    fn take_in_text(
        &mut self,
        from: &Address,
        delivery: Unstored<Delivery>,
        said: Result<Said>,
    ) -> Result<()> {
        let said = match said {
            Ok(said) => said,
            Err(error) => {
                // It is used up, whatever it was.
                eprintln!("{}: {error}", name(from));
                self.store.keep(delivery)?;
                return Ok(());
            }
        };
        let joined = self.joined(&said)?;
        // Our own user's other devices tell us what they have sent.
        let with = if self.is_own(from) { said.to.clone() } else { user(from) };
        let line = Line { from: name(from), with, said };
        self.store.commit(delivery, |rows, _| {
            if let Some(group) = &joined {
                rows.put_state(&StateName::Group(group.id().clone()), Some(&group.snapshot()))?;
            }
            rows.add_line(&line).map(drop)
        })?;
        self.state.groups.extend(joined);
        Ok(())
    }

    fn is_own(&self, device: &Address) -> bool {
        device.user() == self.state.me.address.user()
    }

    /// The group of an invitation, if we are not in it. Nobody whom we know otherwise may be in it under another identity.
    fn joined(&self, said: &Said) -> Result<Option<GroupSession>> {
        let Content::Invitation { group, number, members } = &said.content else { return Ok(None) };
        if self.state.groups.iter().any(|it| group_name(it.id()) == group_name(group)) {
            return Ok(None);
        }
        let us = self.state.me.party();
        for member in members.iter().filter(|member| **member != us) {
            self.state.me.trust.check(member)?;
        }
        let members = members.iter().cloned();
        Ok(Some(GroupSession::new(group.clone(), us, *number, members, Rotation::default())?))
    }

    fn receive_from_group(&mut self, message: &[u8]) -> Result<bool> {
        for group in &mut self.state.groups {
            let received = match group.decrypt(message, b"") {
                Ok(received) => received,
                Err(GroupDecryptError::UnknownKey) => continue,
                Err(GroupDecryptError::Duplicate) => return Ok(true),
                Err(error) => {
                    eprintln!("{}: {error}", group_name(group.id()));
                    return Ok(true);
                }
            };
            let line = Said::decode(received.plaintext.as_bytes()).map(|said| Line {
                from: name(received.from().address()),
                with: group_name(group.id()),
                said,
            });
            self.store.change(|rows| {
                rows.put_state(&StateName::Group(group.id().clone()), Some(&group.snapshot()))?;
                match &line {
                    Ok(line) => rows.add_line(line).map(drop),
                    Err(error) => {
                        eprintln!("{}: {error}", group_name(group.id()));
                        Ok(())
                    }
                }
            })?;
            return Ok(true);
        }
        // The key has not come yet.
        Ok(false)
    }

    /// What has to be done now and then: keys that are due, and what is over.
    fn maintain(&mut self) -> Result<()> {
        let now = now()?;
        let state = &mut self.state;
        for record in std::iter::once(&mut state.own).chain(state.people.values_mut()) {
            let expired = UserRecord::expire(record, &state.me.us(now));
            self.store.keep(expired)?;
        }
        for group in &mut state.groups {
            if group.expire_skipped(now, KEPT_LIFETIME) {
                let name = StateName::Group(group.id().clone());
                self.store.change(|rows| rows.put_state(&name, Some(&group.snapshot())))?;
            }
        }
        let me = &mut state.me;
        let (due, mut new) = (me.prekeys.status(now), Vec::new());
        if due.rotate {
            new.push(me.prekeys.rotate(&me.identity, now, &mut SysRng)?);
        }
        if due.refill {
            new.push(me.prekeys.replenish(&me.identity, ONE_TIME_KEYS, now, &mut SysRng)?);
        }
        if me.prekeys.purge(now) == 0 && new.is_empty() {
            return Ok(());
        }
        let (suite, ours) = (StateName::PreKeys(me.prekeys.suite()), me.address.clone());
        self.store.change(|rows| {
            rows.put_state(&suite, Some(&me.prekeys.snapshot()))?;
            new.iter().try_for_each(|publication| rows.put_publication(&ours, publication))
        })
    }
}

/// What the user has to know of a message before its text.
fn warn(from: &Address, delivery: &Delivery) {
    let from = name(from);
    match delivery.trust {
        Trust::FirstUse => eprintln!("{from} writes for the first time: compare safety numbers"),
        Trust::NewDevice { same_identity: false, .. } => eprintln!("{from} is a new device"),
        _ => {}
    }
    if delivery.forked {
        eprintln!(
            "{from} has read what this device has not written: it was put back, or somebody has a copy of it"
        );
    }
}
