//! What the errors of people and devices say.

use core::error::Error;
use core::fmt::{Display, Formatter, Result};

use super::RANDOMNESS;
use crate::people::errors::{
    BeginError, DevicesError, Need, ReceiveError, RetryRefused, SendError,
};

const TOO_MANY_DEVICES: &str = "the user has too many devices";

impl Display for Need {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::NoSession => "there is no session with the device",
            Self::Unanswered => "the session with the device was never answered",
            Self::PutAside => "the device has put the session aside",
            Self::Forked => "the session with the device has forked",
            Self::IdentityChanged => "the sessions are with the device's former identity",
        })
    }
}

impl Error for SendError {}
impl Display for SendError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Handshake(need) => return need.fmt(f),
            Self::Stale => "the device is not one of its user's any more",
            Self::WrongUser => "the record is not of our own user",
            Self::NoDevices => "no device of the user can be written to",
            Self::TooSoon => "the device has been asked a short time ago",
            Self::WrongPeer => "this is for the record of another device",
            Self::TooLong => "the message is too long",
            Self::ChainExhausted => "too many messages were sent without a reply",
            Self::NotAMember => "the device is not a member of the group",
            Self::RotationDue => "the sender key has to be rotated",
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for ReceiveError {}
impl Display for ReceiveError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::NoSession => "there is no session with the device, and this begins none",
            Self::IdentityChanged => super::IDENTITY_CHANGED,
            Self::TrustFull => "the trust store is full",
            Self::WrongSender => "the sealed message is from somebody else",
            Self::WrongKind => "the sealed message carries no message of a session",
            Self::TooManyDevices => TOO_MANY_DEVICES,
            Self::Decrypt(error) => return error.fmt(f),
            Self::Accept(error) => return error.fmt(f),
        })
    }
}

impl Error for DevicesError {}
impl Display for DevicesError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::NoDevices => "the list of the user's devices is empty",
            Self::TooMany => TOO_MANY_DEVICES,
            Self::WrongUser => "the device is another user's",
        })
    }
}

impl Error for BeginError {}
impl Display for BeginError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::TooManyDevices => f.write_str(TOO_MANY_DEVICES),
            Self::Refused(error) => error.fmt(f),
        }
    }
}

impl Error for RetryRefused {}
impl Display for RetryRefused {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::NotOurs => "the request is not for this message",
            Self::IdentityChanged => "the request is from another identity",
        })
    }
}
