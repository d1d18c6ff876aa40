//! When a message cannot be read: its reader asks for it, its sender writes it again in a new session, and nothing happens by itself to anybody else.

use confidant::{
    Address, Delivery, MessageId, Party, PublicIdentity, ReceiveError, RetryRefused, RetryRequest,
    SendError, Sent, Unstored,
};
use getrandom::SysRng;

use crate::Result;
use crate::account::{Messenger, address, name};
use crate::fields::{exactly, unpack};
use crate::send::Again;
use crate::store::SENT;

impl Messenger {
    /// What did not open is asked for, if it is said to be from somebody whom we know. What the relay makes up does no more than this.
    pub fn ask_for(&mut self, from: &Address, message: &[u8], error: ReceiveError) -> Result<bool> {
        eprintln!("a message of {} cannot be read: {error}", name(from));
        let (record, us, _) = self.state.with(from)?;
        let Some(device) = record.device(from.device()) else { return Ok(true) };
        if device.need(&us).is_some() || device.is_handshake_due(&us) {
            let began = self.begin(from)?;
            self.store.keep(began)?;
        }
        let ours = self.state.me.address.clone();
        let (record, mut us, _) = self.state.with(from)?;
        let device = record.device_mut(from.device()).ok_or("the device is not known")?;
        match device.could_not_decrypt(&mut us, &MessageId::of(message), &mut SysRng) {
            Ok(asked) => {
                self.store.commit(asked, |rows, out| rows.put_letter(&ours, out, None))?;
                Ok(true)
            }
            Err(SendError::TooSoon) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Somebody asks for a message: it is sent again in a new session, if it was for them. The request, the session and the answer are one transaction.
    pub fn answer(&mut self, delivery: Unstored<Delivery>, request: &RetryRequest) -> Result<()> {
        let (ours, asks) = (self.state.me.address.clone(), request.from().address().clone());
        let key = self.store.key(SENT, request.id().as_bytes());
        let Some(row) = self.store.get(&key)? else { return self.decline(delivery, request) };
        let [to, identity, again] = unpack(row.as_bytes())?;
        let identity = PublicIdentity::from_bytes(&exactly(identity)?)?;
        let to = Party::new(address(std::str::from_utf8(to)?)?, identity);
        let sent = Sent::new(to, *request.id());
        match request.matches(&sent) {
            Ok(()) => {}
            Err(RetryRefused::NotOurs) => return self.decline(delivery, request),
            Err(refused) => {
                eprintln!("{}: {refused}", name(&asks));
                return self.store.keep(delivery).map(drop);
            }
        }
        let began = self.begin(&asks)?;
        let (again, out) = match again.split_first().ok_or("what was sent is not known")? {
            (b'l', line) => {
                let line = u64::from_be_bytes(exactly(line)?);
                let text = self.line(line)?.said.encode()?;
                let (record, mut us, _) = self.state.with(&asks)?;
                let device = record.device_mut(asks.device()).ok_or("the device is not known")?;
                (Again::Line(line), device.resend(&mut us, &sent, &text, &mut SysRng)?)
            }
            (_, id) => {
                let group = self.state.groups.iter().position(|it| it.id().as_bytes() == id);
                (Again::Key(id), self.give_key(&asks, group.ok_or("the group is gone")?)?)
            }
        };
        self.store.commit(delivery.and(began).and(out), |rows, (_, out)| {
            rows.remove(&key)?;
            rows.put_letter(&ours, out, Some(again))
        })?;
        Ok(())
    }

    fn decline(&mut self, delivery: Unstored<Delivery>, request: &RetryRequest) -> Result<()> {
        let (ours, asks) = (self.state.me.address.clone(), request.from().address());
        let (record, mut us, _) = self.state.with(asks)?;
        let device = record.device_mut(asks.device()).ok_or("the device is not known")?;
        let declined = device.not_ours(&mut us, request, &mut SysRng)?;
        self.store
            .commit(delivery.and(declined), |rows, (_, out)| rows.put_letter(&ours, out, None))?;
        Ok(())
    }
}
