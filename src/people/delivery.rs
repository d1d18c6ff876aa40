//! What a message was, once it has opened.

use super::frame::FrameKind;
use super::retry::{MessageId, RetryRequest};
use crate::chain::received::Received;
use crate::chain::step::Plaintext;
use crate::fingerprint::trust::Trust;
use crate::keys::peer::Peer;
use crate::wire::message::Carries;
use crate::x3dh::consume::UsedPreKeys;

/// What a message said.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming {
    /// The application's own bytes.
    Text(Received),
    /// The sender's key for a group: see [`Unstored::receive_key`](crate::Unstored::receive_key).
    Distribution(Received),
    /// The sender could not decrypt a message. Compare it with what was sent to it.
    RetryRequest(RetryRequest),
    /// The sender has not sent the message that we asked for: somebody has made it up, or its sender has lost its memory.
    NotOurs(MessageId),
    /// Something that a newer version writes. It is used up: tell the user to update.
    Unknown,
}

/// A message that has opened, and what is to be known of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// What it said.
    pub incoming: Incoming,
    /// Who wrote it, never a claim of the message.
    pub from: Peer,
    /// It came in a session in which we do not write any more. Its sender may not have heard of the one that took its place: anything that we send
    /// tells it.
    pub on_older_session: bool,
    /// Its sender has received what we have not sent: somebody sends with our keys, or our state is an old one. Nothing more is sent in this session;
    /// begin a new one, after the user was told. SPEC: R-49.
    pub forked: bool,
    /// Its sender is in no list of its user's devices that we have been given: it has come by its own message, or was left out. It is read, and nothing is
    /// written to it. Fetch the list: [`UserRecord::set_devices`](crate::UserRecord::set_devices).
    pub unlisted: bool,
    /// What was known of the sender before: show new devices. A device that was removed is still known.
    pub trust: Trust,
    /// It began a session, and has used these pre-keys.
    pub used: Option<UsedPreKeys>,
}

impl Delivery {
    pub(super) const fn distribution(&self) -> Option<&Received> {
        match &self.incoming {
            Incoming::Distribution(received) => Some(received),
            _ => None,
        }
    }
}

impl Incoming {
    /// Takes a frame apart.
    pub(super) fn from_frame(received: Received) -> Self {
        let Ok(frame) = received.frame() else { return Self::Unknown };
        let (kind, body) = (frame.kind, Plaintext::new(frame.body.to_vec()));
        match (kind, MessageId::read(body.as_bytes())) {
            (Some(FrameKind::Text), _) => Self::Text(received.unwrapped(Carries::Text, body)),
            (Some(FrameKind::Distribution), _) => {
                Self::Distribution(received.unwrapped(Carries::Distribution, body))
            }
            (Some(FrameKind::CouldNotDecrypt), Some(id)) => {
                Self::RetryRequest(RetryRequest::new(received.sender(), id))
            }
            (Some(FrameKind::NotOurs), Some(id)) => Self::NotOurs(id),
            (Some(FrameKind::CouldNotDecrypt | FrameKind::NotOurs), None) | (None, _) => {
                Self::Unknown
            }
        }
    }
}
