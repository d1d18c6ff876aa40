//! Who is who: contacts, safety numbers, and groups of them.

use confidant::{GroupId, GroupSession, Party, Rotation, SafetyNumber, StateName, Trust};

use crate::Result;
use crate::account::{Messenger, address, name, user};
use crate::said::{Content, Said, group_name, new_id};

impl Messenger {
    /// Finds a user's devices, and begins a session with each. Nothing is sent yet.
    pub fn add(&mut self, user: &str) -> Result<()> {
        self.prepare(&address(user)?)?;
        self.safety(user, None)
    }

    /// Shows the safety number, one for each identity that the user's devices have; with the number that the other device shows, compares
    /// and remembers.
    pub fn safety(&mut self, user: &str, shown: Option<&str>) -> Result<()> {
        let mut met = false;
        for party in self.parties(user)? {
            let number = SafetyNumber::new(&self.state.me.party(), &party);
            if let Some(verified) = shown.and_then(|shown| number.compare(shown).ok()) {
                self.state.me.trust.verify(&verified)?;
                met = true;
            }
            let trust = self.state.me.trust.status(&party);
            if shown.is_none() {
                println!("{}, {}: {number}", name(party.address()), in_words(trust));
            }
        }
        match (shown, met) {
            (Some(_), false) => Err(format!("that is not the safety number of {user}").into()),
            (Some(_), true) => {
                self.store_trust()?;
                println!("{user} is verified");
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }

    /// The user goes on with another identity than before.
    pub fn accept(&mut self, user: &str) -> Result<()> {
        for (address, _) in self.devices(&address(user)?)? {
            let party = Party::new(address.clone(), *self.bundle(&address)?.identity());
            if matches!(self.state.me.trust.status(&party), Trust::Changed { .. }) {
                self.state.me.trust.accept_change(&party)?;
                self.store_trust()?;
                println!("{}: another identity is accepted; compare", name(party.address()));
            }
        }
        self.add(user)
    }

    fn store_trust(&self) -> Result<()> {
        let snapshot = self.state.me.trust.snapshot();
        self.store.change(|rows| rows.put_state(&StateName::Trust, Some(&snapshot)))
    }

    /// A user's devices, with the identities that the sessions with them are with.
    fn parties(&mut self, user: &str) -> Result<Vec<Party>> {
        let (record, ..) = self.state.with(&address(user)?)?;
        let devices = record.devices().filter(|device| device.stale_since().is_none());
        let party = |identity| move |address| Party::new(address, identity);
        let parties = devices.filter_map(|it| Some(party(*it.identity()?)(it.address().clone())));
        Ok(parties.collect())
    }

    /// A group of users, with all devices that they have now. Everybody is told who is in it.
    pub fn group(&mut self, called: &str, users: &[String]) -> Result<()> {
        let id = GroupId::new([new_id()?.as_slice(), called.as_bytes()].concat())?;
        if self.state.groups.iter().any(|it| group_name(it.id()) == group_name(&id)) {
            return Err(format!("there is a group {} already", group_name(&id)).into());
        }
        let mut members = vec![self.state.me.party()];
        for user in users.iter().chain([&user(&self.state.me.address)]) {
            self.prepare(&address(user)?)?;
            members.extend(self.parties(user)?);
        }
        let (us, list) = (self.state.me.party(), members.iter().cloned());
        let group = GroupSession::new(id.clone(), us, 1, list, Rotation::default())?;
        let said = Content::Invitation { group: id, number: 1, members };
        self.send_to_users(users, Said::new(&group_name(group.id()), said)?, |rows| {
            rows.put_state(&StateName::Group(group.id().clone()), Some(&group.snapshot()))
        })?;
        println!("made {}", group_name(group.id()));
        self.deliver()
    }

    /// This directory was put back from a copy: nothing more is written in the sessions that it has.
    pub fn restored(&mut self) -> Result<()> {
        let state = &mut self.state;
        let users = std::iter::once(&mut state.own).chain(state.people.values_mut());
        for record in users {
            let devices: Vec<_> =
                record.devices().map(|device| device.address().device()).collect();
            for device in
                devices.into_iter().filter_map(|it| Some(record.device_mut(it)?.distrust()))
            {
                self.store.keep(device)?;
            }
        }
        println!("the next message to each device begins a new session");
        Ok(())
    }
}

const fn in_words(trust: Trust) -> &'static str {
    match trust {
        Trust::Verified => "verified",
        Trust::Changed { .. } => "another identity than before",
        Trust::FirstUse | Trust::NewDevice { .. } => "never heard of",
        _ => "not compared",
    }
}
