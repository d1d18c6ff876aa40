//! What the errors of groups say.

use core::error::Error;
use core::fmt::{Display, Formatter, Result};

use super::RANDOMNESS;
use crate::group::epoch::GroupError;
use crate::group::receive::DistributionError;
use crate::group::receiver::GroupDecryptError;
use crate::group::session::{DistributeError, GroupEncryptError};

const EPOCH_UNKNOWN: &str = "the epoch is not known yet";
const EPOCH_MEMBERS: &str = "the epoch is known with other members";
const EPOCH_OLD: &str = "the epoch is not remembered, or the sender was not in it";
const KEY_OLD: &str = "the sender should use a newer key";

impl Error for GroupError {}
impl Display for GroupError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::InvalidGroupId => "a group id has 1 to 255 bytes",
            Self::TooManyMembers => "too many members",
            Self::DuplicateMember => "an address is in the list twice",
            Self::NotAMember => "our own device is not in the list",
            Self::OldEpoch => "the epoch is not after the current one",
            Self::MembersDiffer => EPOCH_MEMBERS,
            Self::InvalidRotation => {
                "a key is used for 1 to 2,000 messages, and one second or longer"
            }
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for GroupEncryptError {}
impl Display for GroupEncryptError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::RotationDue => "the sender key has to be rotated",
            Self::TooLong => "the message is too long",
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for GroupDecryptError {}
impl Display for GroupDecryptError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Malformed(error) => return write!(f, "not a group message: {error}"),
            Self::UnknownKey => "the sender's key is not known",
            Self::UnknownEpoch => EPOCH_UNKNOWN,
            Self::MembersDiffer => EPOCH_MEMBERS,
            Self::OldEpoch => EPOCH_OLD,
            Self::OldKey => KEY_OLD,
            Self::BeforeOurTime => "the message was sent before the key was given to us",
            Self::TooFarAhead => "too many messages are missing before this one",
            Self::Duplicate => "the message was read before",
            Self::Forgotten => "the message is too late: its key is no longer kept",
            Self::Unauthentic => "the message is not authentic",
        })
    }
}

impl Error for DistributeError {}
impl Display for DistributeError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::NotAMember => "the device is not in the group",
            Self::RotationDue => "the sender key has to be rotated",
        })
    }
}

impl Error for DistributionError {}
impl Display for DistributionError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Malformed(error) => return write!(f, "not a distribution: {error}"),
            Self::NotADistribution => "the message carries no distribution",
            Self::WrongGroup => "the distribution is for another group",
            Self::Relayed => "the distribution is of another device than the one that sent it",
            Self::NotAMember => "the sender is not in the group",
            Self::UnknownEpoch => EPOCH_UNKNOWN,
            Self::MembersDiffer => EPOCH_MEMBERS,
            Self::OldEpoch => EPOCH_OLD,
            Self::OldKey => KEY_OLD,
            Self::Conflicting => "the key id is not of the key",
            Self::Rewinding => "the key is known, from a later message on",
            Self::Replayed => "the key is known",
        })
    }
}
