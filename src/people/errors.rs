//! Why nothing was sent, read or changed.

use crate::group::session::DistributeError;
use crate::ratchet::decrypt::DecryptError;
use crate::ratchet::encrypt::EncryptError;
use crate::secret::RandomnessFailed;
use crate::session::AcceptError;
use crate::wire::codec::DecodeError;
use crate::x3dh::agree::InitiateError;

/// Why a session has to be begun before anything can be sent to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need {
    /// There is none.
    NoSession,
    /// Ours was never answered, for [`UNANSWERED_LIFETIME`](crate::limits::UNANSWERED_LIFETIME); or for [`HANDSHAKE_AFTER`](crate::limits::HANDSHAKE_AFTER), and the peer has
    /// asked in another for what it could not read.
    Unanswered,
    /// The peer has put ours aside, and does not write in it. It is not the one that the two sides have chosen: somebody may have a copy of a state, or one is an old one.
    PutAside,
    /// The peer has received what we have not sent: our state is an old one, or somebody has a copy of it.
    Forked,
    /// The trust store knows another identity than the sessions have: the user has accepted a change.
    IdentityChanged,
}

/// Why nothing was encrypted. Nothing has changed, for no device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// A session with a device has to be begun first: fetch its bundle, `begin`, and try again. Of many devices, each says by
    /// [`need`](crate::DeviceRecord::need) whether it is one.
    Handshake(Need),
    /// The device is not in its user's list any more.
    Stale,
    /// The record that was given as our own is another user's.
    WrongUser,
    /// No device of the user is known: fetch the list.
    NoDevices,
    /// A request has gone to this device less than [`RETRY_INTERVAL`](crate::limits::RETRY_INTERVAL) ago.
    TooSoon,
    /// The request is from, or the message was sent to, somebody else than this record's peer.
    WrongPeer,
    /// The message would be longer than [`MAX_MESSAGE`](crate::limits::MAX_MESSAGE). Send a file, and a pointer to it.
    TooLong,
    /// 4,294,967,295 messages were sent without a reply. Begin a new session.
    ChainExhausted,
    /// The group does not give its key to this device: it is not a member.
    NotAMember,
    /// The group has no key to give: call `rotate`.
    RotationDue,
    /// The random number generator failed. Try again when it works.
    Randomness,
}

/// Why a message was not read. Nothing has changed.
///
/// Each of them can be provoked by anybody who can send bytes in a device's name: [`IdentityChanged`](Self::IdentityChanged) by anybody's own first message, and
/// [`TrustFull`](Self::TrustFull) at an address that is not known. Never ask the user, and never accept an identity, because of one alone: fetch the device's bundle,
/// [verify](crate::PreKeyBundle::verify) it, and ask if *its* identity is another than the one known. Never begin a session because of one alone either, where there is one: a request
/// ([`could_not_decrypt`](crate::DeviceRecord::could_not_decrypt)) is what they may be worth.
// SPEC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiveError {
    /// There is no session with this device, and the message begins none. It cannot be read. Its sender could be asked for it in a new session, which costs the sender a one-time key: begin
    /// one only with a device that is in its user's list, and not more than one in a while, since anybody can send such bytes.
    NoSession,
    /// The message, or the sessions that there are, are of another identity than the trust store knows. Look at the device's verified bundle before the user is told.
    IdentityChanged,
    /// The trust store has no room for another party. That is looked at before the message is opened: it may be nobody's. Forget some.
    TrustFull,
    /// A sealed message is from another device than this record's, or from another identity.
    WrongSender,
    /// A sealed message carries no message of a session.
    WrongKind,
    /// It would be the user's hundred-and-first device. Look at the list of devices: `set_devices`.
    TooManyDevices,
    /// No session could open it.
    Decrypt(DecryptError),
    /// It asks for a new session, and was refused.
    Accept(AcceptError),
}

/// Why a list of devices was not taken over, or a record not taken in. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DevicesError {
    /// The list is empty: a server's mistake, or worse. Another user always has a device.
    NoDevices,
    /// More than [`MAX_DEVICES`](crate::limits::MAX_DEVICES).
    TooMany,
    /// The record is of another user's device.
    WrongUser,
}

/// Why what was asked for is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryRefused {
    /// It is not this message, or not to this device, that the request is for. If it is none that we have sent, decline:
    /// [`not_ours`](crate::DeviceRecord::not_ours).
    NotOurs,
    /// The message was sent to another identity than now asks for it. Do not send it again; the user may write it anew.
    IdentityChanged,
}

impl From<EncryptError> for SendError {
    fn from(error: EncryptError) -> Self {
        match error {
            EncryptError::TooLong => Self::TooLong,
            EncryptError::WrongPeer => Self::WrongPeer,
            EncryptError::ChainExhausted => Self::ChainExhausted,
            EncryptError::Randomness => Self::Randomness,
        }
    }
}

impl From<RandomnessFailed> for SendError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}

impl From<DistributeError> for SendError {
    fn from(error: DistributeError) -> Self {
        match error {
            DistributeError::NotAMember => Self::NotAMember,
            DistributeError::RotationDue => Self::RotationDue,
        }
    }
}

impl From<DecryptError> for ReceiveError {
    fn from(error: DecryptError) -> Self {
        Self::Decrypt(error)
    }
}

impl From<DecodeError> for ReceiveError {
    fn from(error: DecodeError) -> Self {
        Self::Decrypt(DecryptError::Malformed(error))
    }
}

impl From<AcceptError> for ReceiveError {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::IdentityChanged => Self::IdentityChanged,
            other => Self::Accept(other),
        }
    }
}

/// Why no session was begun with a device of a user. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BeginError {
    /// It would be the user's hundred-and-first device. Look at the list of devices: `set_devices`.
    TooManyDevices,
    /// The session was refused.
    Refused(InitiateError),
}

impl From<InitiateError> for BeginError {
    fn from(error: InitiateError) -> Self {
        Self::Refused(error)
    }
}
