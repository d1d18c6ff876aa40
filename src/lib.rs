//! End-to-end encryption for applications: X3DH and its post-quantum hybrid, the Double Ratchet, Sender Keys for groups, safety
//! numbers, sealed sender and people with several devices, behind a small typed API that is hard to misuse.
//!
//! A device has an [`Identity`]. It makes pre-keys ([`PreKeyStore`]) and uploads their public halves ([`Publication`]).
//! Whoever wants to write to it fetches a [`PreKeyBundle`], verifies it, and starts a [`Session`]; the device accepts the
//! first message, and from then on both encrypt and decrypt.
//!
//! ```
//! # #[cfg(feature = "pq")] const SUITE: confidant::Suite = confidant::Suite::Pqxdh1024;
//! # #[cfg(not(feature = "pq"))] const SUITE: confidant::Suite = confidant::Suite::X3dh;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use confidant::*;
//! let rng = &mut getrandom::SysRng; // any rand_core 0.10 generator for cryptography
//! let now = UnixTime::from_secs(1_790_000_000);
//! let here = Provider::new("example.org")?;
//! let alices = Address::new(here.clone(), UserId::new("alice")?, DeviceId::new(1));
//! let bobs = Address::new(here, UserId::new("bob")?, DeviceId::new(1));
//!
//! // Bob: an identity and pre-keys. Store both, sealed; upload the publication.
//! let bob = Identity::generate(rng)?;
//! let mut prekeys = PreKeyStore::generate(&bob, SUITE, now, rng)?;
//! let mut on_server = prekeys.replenish(&bob, 100, now, rng)?;
//!
//! // Alice: a bundle from the server, verified, and a session.
//! let alice = Identity::generate(rng)?;
//! let bundle = PreKeyBundle::decode(&on_server.next_bundle(now).encode())?.verify(now)?;
//! let context = Context::new(alices.clone(), bobs.clone());
//! let mut to_bob = Session::initiate(&alice, &bundle, &context, rng)?;
//! let hello = to_bob.encrypt(b"hello", rng)?;
//!
//! // Bob: the session, and what it used up, in one transaction.
//! let request = PreKeyMessage::decode(&hello)?;
//! let context = Context::new(bobs, alices);
//! let accepted = Session::accept(&bob, &mut prekeys, &request, &context, now)?;
//! let mut to_alice = accepted.session;
//! assert_eq!(accepted.received.plaintext.as_bytes(), b"hello");
//!
//! // Store, then send. Decrypt, store, then act.
//! let reply = to_alice.encrypt(b"hi", rng)?;
//! let stored = (to_alice.snapshot(), to_alice.epoch());
//! assert_eq!(to_bob.decrypt(&reply)?.plaintext.as_bytes(), b"hi");
//!
//! // After a restart.
//! let (snapshot, epoch) = stored;
//! let to_alice = Session::restore(snapshot.expose(), epoch)?;
//! # let _ = to_alice; Ok(()) }
//! ```
//!
//! # People and their devices
//!
//! A conversation between people is many sessions: several devices each, both sides beginning at once, phones that are restored from a backup. A
//! [`UserRecord`] holds what there is with each device of a user ([`DeviceRecord`]), and every operation gives its result together with all that has to be
//! stored first, in one transaction ([`Unstored`]). This is what most applications build on.
//!
//! ```
//! use confidant::*;
//!
//! type Failed = Box<dyn std::error::Error>;
//!
//! /// What an application has: a database, a server, and a transport.
//! trait World {
//!     fn bundle_of(&mut self, device: &Address) -> Result<Vec<u8>, Failed>;
//!     /// One transaction: the states, sealed, under their names, and what else is given.
//!     fn commit(&mut self, states: &[(Vec<u8>, Option<&[u8]>)], with: &[&[u8]]) -> Result<(), Failed>;
//!     fn send(&mut self, to: &Party, message: &[u8]) -> Result<(), Failed>;
//! }
//!
//! /// Stores all that an operation has changed, and gives its result.
//! fn stored<T>(world: &mut dyn World, unstored: Unstored<T>, with: &[&[u8]]) -> Result<T, Failed> {
//!     let changes = unstored.changes();
//!     let states: Vec<_> = changes.map(|c| (c.name().to_bytes(), c.snapshot().map(Snapshot::expose))).collect();
//!     world.commit(&states, with)?;
//!     drop(states);
//!     Ok(unstored.stored())
//! }
//!
//! /// Writes to a user: one message for each of their devices, and for each other one of ours.
//! fn write(
//!     world: &mut dyn World,
//!     us: &mut Us<'_>,
//!     (own, user): (&mut UserRecord, &mut UserRecord),
//!     text: &[u8],
//! ) -> Result<(), Failed> {
//!     let rng = &mut getrandom::SysRng;
//!     let now = us.now();
//!     for record in [&mut *own, &mut *user] {
//!         for (device, _why) in record.missing(us) {
//!             let bundle = PreKeyBundle::decode(&world.bundle_of(&device)?)?.verify(now)?;
//!             let began = record.begin(us, (device.device(), &bundle), rng)?; // IdentityChanged: ask the user
//!             stored(world, began, &[])?;
//!         }
//!     }
//!     let unstored = own.encrypt_to(&mut [user], us, text, rng)?;
//!     let outbox: Vec<Vec<u8>> = unstored.to_store().iter().map(|out| out.message.clone()).collect();
//!     let outbox: Vec<&[u8]> = outbox.iter().map(Vec::as_slice).collect();
//!     for out in stored(world, unstored, &outbox)? {
//!         world.send(out.sent.to(), &out.message)?; // and keep `out.sent` beside the text
//!     }
//!     Ok(())
//! }
//!
//! /// Reads what the transport says is from a device of the user.
//! fn read(
//!     world: &mut dyn World,
//!     us: &mut Us<'_>,
//!     user: &mut UserRecord,
//!     (device, message): (DeviceId, &[u8]),
//! ) -> Result<(), Failed> {
//!     let unstored = match user.decrypt(us, device, message) {
//!         Ok(unstored) => unstored,
//!         Err(ReceiveError::Decrypt(DecryptError::Duplicate)) => return Ok(()),
//!         Err(ReceiveError::IdentityChanged) => return Ok(()), // ask the user; then `TrustStore::accept_change`
//!         Err(_) => return Ok(()), // perhaps `DeviceRecord::could_not_decrypt`
//!     };
//!     // The text goes into the inbox with the states: its key is gone.
//!     let inbox = match &unstored.to_store().incoming {
//!         Incoming::Text(received) => received.plaintext.as_bytes().to_vec(),
//!         _ => Vec::new(),
//!     };
//!     let delivery = stored(world, unstored, &[&inbox])?;
//!     match delivery.incoming {
//!         Incoming::Text(_text) => {} // show it
//!         Incoming::RetryRequest(_request) => {} // `matches` what was sent? Then begin, and write it again. Otherwise `not_ours`
//!         _ => {}
//!     }
//!     Ok(())
//! }
//! # let _ = (write, read);
//! ```
//!
//! # Receiving with sessions alone
//!
//! For one device on each side, without records. What arrives is for a session that exists, or asks for a new one. Both sides may begin at once, and a first message may
//! come twice: keep every session with a peer until one has been silent for long, try them all, and send with one that both
//! would choose, such as the one with the smallest [`id`](Session::id).
//!
//! ```
//! use confidant::*;
//!
//! /// What a message says; `None` if it says nothing to us, whatever the reason. Nothing has changed then.
//! fn receive(
//!     us: &Identity,
//!     prekeys: &mut PreKeyStore,
//!     sessions: &mut Vec<Session>, // with the device that the envelope names
//!     context: &Context,           // between us and that device
//!     message: &[u8],
//!     now: UnixTime,
//! ) -> Option<Received> {
//!     for session in sessions.iter_mut() {
//!         if let Ok(received) = session.decrypt(message) {
//!             return Some(received); // store the session, then act
//!         }
//!     }
//!     let request = PreKeyMessage::decode(message).ok()?;
//!     if sessions.iter().any(|session| session.began_with(&request)) {
//!         return None; // a repeated message of a session that we have
//!     }
//!     let accepted = Session::accept(us, prekeys, &request, context, now).ok()?;
//!     sessions.push(accepted.session); // store it and the pre-keys in one transaction, then act
//!     Some(accepted.received)
//! }
//! # let _ = receive;
//! ```
//!
//! # Groups
//!
//! A device keeps a [`GroupSession`] for each group that it is in. Its own key travels over the sessions with the members; a
//! message is then encrypted once for all. Who is in the group is the application's to decide, and all members apply the same
//! numbered changes.
//!
//! ```
//! use confidant::*;
//!
//! type Failed = Box<dyn std::error::Error>;
//!
//! /// Encrypts to the group: the messages to send to single members first, and the one to send to all.
//! fn send(
//!     group: &mut GroupSession,
//!     session_with: &mut dyn FnMut(&Party) -> Session, // from storage; or `initiate` with a bundle
//!     text: &[u8],
//!     now: UnixTime,
//! ) -> Result<(Vec<(Party, Vec<u8>)>, Vec<u8>), Failed> {
//!     let rng = &mut getrandom::SysRng;
//!     if group.is_rotation_due(now) {
//!         group.rotate(now, rng)?;
//!     }
//!     let mut keys = Vec::new();
//!     for member in group.awaiting().collect::<Vec<_>>() {
//!         let mut session = session_with(&member);
//!         let key = group.distribute(session.peer())?;
//!         keys.push((member, session.encrypt_distribution(&key, rng)?));
//!         // store the session
//!     }
//!     let message = group.encrypt(text, b"", now, rng)?;
//!     Ok((keys, message)) // store the group, in one transaction with the sessions; then send
//! }
//!
//! /// What to do with what a session has decrypted.
//! fn received(group: &mut GroupSession, received: Received) -> Option<Plaintext> {
//!     if received.is_distribution() {
//!         // Ok: store group and session together. UnknownEpoch: keep it until the change has come.
//!         let _ = group.receive(&received);
//!         return None;
//!     }
//!     Some(received.plaintext)
//! }
//! # let _ = (send, received);
//! ```
//!
//! A group message says who wrote it and in which epoch ([`GroupReceived`]). After
//! [`change`](GroupSession::change) has removed somebody, `encrypt` refuses until [`rotate`](GroupSession::rotate), and everybody
//! who is left awaits the new key. A user's own other devices are members like any others: when one is added, it is given the keys;
//! when one is lost, it is removed.
//!
//! **One-way broadcast.** A channel with one sender and many readers is a group in which only one device ever rotates, and the readers
//! take in nobody else's key:
//!
//! ```
//! # use confidant::*;
//! fn take_in(channel: &mut GroupSession, owner: &Party, received: &Received) -> Result<bool, DistributionError> {
//!     if Party::from(received.from()) != *owner {
//!         return Ok(false); // a reader who would like to speak
//!     }
//!     channel.receive(received).map(|()| true)
//! }
//! # let _ = take_in;
//! ```
//!
//! Readers see each other: the member list is part of what they agree on.
//!
//! # Who is it
//!
//! A server can put its own identity in the place of anybody's. Two users find out by comparing a [`SafetyNumber`], as digits or as
//! a code to scan; [`TrustStore`] remembers whom they compared, pins everybody else on first use, and through
//! [`Context::known_to`] refuses another identity before anything is encrypted to it or accepted from it.
//!
//! # Sealed sender
//!
//! A relay has to know for whom a message is, not from whom. A server that the application trusts gives each device a
//! [`SenderCertificate`], short-lived; the device seals what its sessions encrypt.
//!
//! ```
//! use confidant::*;
//!
//! type Failed = Box<dyn std::error::Error>;
//!
//! fn send(
//!     us: &Identity,
//!     certificate: &SenderCertificate,
//!     session: &mut Session,
//!     text: &[u8],
//!     now: UnixTime,
//! ) -> Result<Vec<u8>, Failed> {
//!     let rng = &mut getrandom::SysRng;
//!     let message = session.encrypt(text, rng)?; // store the session
//!     let to = Party::from(session.peer());
//!     let sender = SealedSender::new(us, certificate, now)?;
//!     Ok(sender.seal(&to, SealedContent::Message(&message), rng)?)
//! }
//!
//! fn receive(
//!     us: &Identity,
//!     our_address: &Address,
//!     roots: &TrustRoots, // pinned in the application
//!     trust: &TrustStore,
//!     sessions: &mut dyn FnMut(&Party) -> Option<Session>,
//!     groups: &mut [GroupSession],
//!     bytes: &[u8],
//!     now: UnixTime,
//! ) -> Result<(), Failed> {
//!     let opened = match SealedMessage::decode(bytes)?.open(us, our_address) {
//!         Err(OpenError::FromOurselves) => return Ok(()), // our own copy
//!         opened => opened?,
//!     };
//!     let sender = opened.verify(roots, now)?;
//!     trust.check(sender.party())?; // the certificate is a server's word; the user's comparison counts for more
//!     match sender.kind() {
//!         SealedKind::Session => match sessions(sender.party()) {
//!             Some(mut session) => drop(session.decrypt_sealed(&sender)?), // store the session, then act
//!             None => {} // `Session::accept_sealed`, with a context that is `known_to` the trust store
//!         },
//!         SealedKind::Group => {
//!             for group in groups {
//!                 if let Ok(_received) = group.decrypt_sealed(&sender) {
//!                     break; // store the group, then act
//!                 }
//!             }
//!         }
//!         _ => drop(sender.control()), // nothing but the certificate says from whom
//!     }
//!     Ok(())
//! }
//!
//! /// For a group: everybody, ourselves too, so that the relay cannot see who is missing.
//! fn send_to_all(
//!     sender: &SealedSender<'_>,
//!     group: &mut GroupSession,
//!     text: &[u8],
//!     now: UnixTime,
//! ) -> Result<Vec<u8>, Failed> {
//!     let rng = &mut getrandom::SysRng;
//!     let message = group.encrypt(text, b"", now, rng)?; // store the group
//!     let members: Vec<Party> = group.members().collect();
//!     Ok(sender.seal_many(&members, SealedContent::Message(&message), rng)?)
//! }
//!
//! /// The relay, without keys: what to deliver to whom.
//! fn cut(upload: &[u8]) -> Result<Vec<(Address, Vec<u8>)>, DecodeError> {
//!     let upload = SealedUpload::decode(upload)?;
//!     Ok(upload.views().map(|(to, view)| (to, view.encode())).collect())
//! }
//!
//! /// The server: a root that stays offline, a server's key that it certifies, and a certificate for a device that has shown who it is.
//! fn certify(device: &Party, now: UnixTime) -> Result<(CertificatePublicKey, SenderCertificate), Failed> {
//!     let rng = &mut getrandom::SysRng;
//!     let (root, server) = (CertificateKey::generate(rng)?, CertificateKey::generate(rng)?);
//!     let year = UnixTime::from_secs(now.as_secs() + 365 * 86_400);
//!     let certificate = root.certify(&server.public(), now, year);
//!     let issuer = CertificateIssuer::new(server, certificate)?;
//!     Ok((root.public(), issuer.issue(device, now, 30 * 86_400)?))
//! }
//! # let _ = (send, receive, send_to_all, cut, certify);
//! ```
//!
//! Who may send at all, the relay can tell by a [`DeliveryToken`].
//!
//! # At rest
//!
//! What is stored outside of conversations is encrypted under a [`Keyring`], whose root keys a KMS, a platform's keystore, a passphrase
//! (feature `password`), an X25519 key or another keyring wraps. Everything is bound to a [`DataContext`], which says what it is and where
//! it belongs: a record that was moved to another row does not open.
//!
//! Files have keys of their own ([`FileKey`]), which a keyring wraps, or a message carries in an [`AttachmentPointer`]. They are of any
//! length, and any part of them can be read:
//!
//! ```
//! # #[cfg(feature = "std")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use confidant::*;
//! # use std::io::{Cursor, Read, Seek, SeekFrom, Write};
//! # let rng = &mut getrandom::SysRng;
//! # let platform = LocalKek::new(b"device key 1", Secret::random(rng)?)?;
//! # let whose = DataContext::new(Purpose::Keyring).tenant(b"acme")?;
//! # let keyring = Keyring::create(&whose, WrapWith::Local(&platform), UnixTime::from_secs(0), rng)?;
//! # let mut object = Cursor::new(Vec::new());
//! let film = DataContext::new(Purpose::File).tenant(b"acme")?.object(b"4711")?;
//! let key = FileKey::generate(rng)?;
//! let mut writer = FileWriter::new(&mut object, &key, &film, Padding::Padme, rng)?;
//! writer.write_all(b"moving pictures")?;
//! let (_, info) = writer.finish()?; // only now it is a file
//!
//! // Stored in the database's row: `info`'s id, length and padding, and this.
//! let wrapped = WrappedKey::new(key.secret(), &film, WrapWith::Keyring(&keyring), rng)?;
//!
//! let key = FileKey::from_secret(wrapped.open(&film, UnwrapWith::Keyring(&keyring))?);
//! # object.set_position(0);
//! let mut reader = FileRangeReader::new(&mut object, &key, &film, &info)?;
//! reader.seek(SeekFrom::Start(7))?;
//! let mut part = String::new();
//! reader.read_to_string(&mut part)?;
//! assert_eq!(part, "pictures");
//! # Ok(()) }
//! # #[cfg(not(feature = "std"))] fn main() {}
//! ```
//!
//! [`ContainerWriter`] puts what opens a file before it, in a header; [`FileSealer`], [`FileOpener`] and [`RangeOpener`] do without
//! input and output.
//!
//! A [`RecoverySet`] has codes for paper, each of which opens it once; an [archive](NewArchive) is a backup or an export, for any mix of those
//! who may open it. A [`ShareCode`] lets into a room ([`RoomKey`]); a [`MediaKey`] is that of a call; a [`TotpSecret`] is kept as a record.
//! Archives, recovery sets, keyrings under a public key and messages of rooms prove nothing of who made them, and are [`Unauthenticated`] when
//! they have been opened; so is, without the type, a file or a key that was wrapped to a public key or to a code.
//!
//! # What to persist, and when
//!
//! | after | store, sealed | then |
//! |---|---|---|
//! | `Identity::generate` | the [`seed`](Identity::seed) | |
//! | `PreKeyStore::generate`, `replenish`, `rotate`, `purge` | the store's [`snapshot`](PreKeyStore::snapshot) | upload the [`Publication`] |
//! | `Session::accept` | session and store, in one transaction | act on the message |
//! | `encrypt` | the session's [`snapshot`](Session::snapshot) | send |
//! | `decrypt`, `expire_skipped` | the session's snapshot | act on the message |
//! | a group's `rotate`, `change`, `encrypt`, `decrypt` | the group's [`snapshot`](GroupSession::snapshot) | send, or act |
//! | a group's `distribute`, `receive` | group and session, in one transaction | send, or act |
//! | anything with a `DeviceRecord` or `UserRecord` | all of [`Unstored::changes`], and what [`Unstored::to_store`] shows, in one transaction | send, or act |
//! | a keyring's `create`, `add`, `activate`, `rotate`, `destroy`, `change_kek` | its [`encode`](Keyring::encode), if nobody else has stored one since; its id and epoch where a restored backup does not bring them back | use it; let readers open it again, before the next `activate` |
//! | `Keyring::rewrap_key`, `rebind` | the wrapped key, the record, in the old one's place | `destroy` the old root key, when no process uses an older keyring and nothing is left under it |
//! | `FileWriter::finish` | the wrapped file key, and the [`FileInfo`]'s id, length and padding, in one transaction; the object before them | |
//! | `RecoverySet::create`, `use_up`, `revoke`, `renew` | its [`encode`](RecoverySet::encode), as a keyring's, also beside every archive for its codes; its [`key`](RecoverySet::key), as a record, where it is to be changed without a code | show the codes once; encrypt again what was under the old key |
//! | `ArchiveSealer::finish` | the [`ArchiveInfo`], [encoded](ArchiveInfo::encode), where the archive is not | |
//! | `ShareCode::generate` | the code, as a secret | hand it out |
//! | a `MediaKey`'s `generate`, `ratchet`, `rotate`, `adopt` | nothing: a call ends with its devices | send it in messages of sessions |
//! | `CompatibleRoom::encrypt` | its [count](CompatibleRoom::encrypted) | send |
//! | anything that changes a `TrustStore` | its [`snapshot`](TrustStore::snapshot) | |
//! | any of these | the [`epoch`](Snapshot::epoch) of the snapshot, after it, where a restored backup does not bring it back; for a session by [`Session::id`], for a record by its [`StateName`], for a group by its [id](GroupSession::id) | |
//!
//! (The epoch of a snapshot counts changes of the state, and has nothing to do with the epochs of a group.)
//!
//! # What it does not do
//!
//! It does not know whether an identity is the person's (compare safety numbers), does not store, send, read clocks or draw
//! randomness by itself, and does not hide when and from where somebody sends. What is promised, and against
//! whom, is in [`docs::threat_model`]; how it works, in [`docs::spec`].
#![no_std]
// SPEC: R-120: no unsafe code, and no indexing, unwrapping or unchecked arithmetic outside tests. SPEC: R-128: nothing in
// the crate is switched off for fuzzing or by a feature.
#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub, rustdoc::broken_intra_doc_links)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod chain;
pub mod docs;
mod envelope;
mod errors;
mod fingerprint;
mod group;
mod keys;
mod label;
pub mod limits;
mod people;
mod primitives;
mod ratchet;
mod sealed;
mod secret;
#[cfg(feature = "serde")]
mod serde;
mod session;
mod wire;
mod x3dh;

// The public interface is:
pub use crate::chain::received::Received;
pub use crate::chain::step::Plaintext;
pub use crate::envelope::archive::ArchiveInfo;
pub use crate::envelope::archive::header::{ArchiveHeader, ExpectedArchive};
pub use crate::envelope::archive::open::{ArchiveError, ArchiveOpener};
pub use crate::envelope::archive::seal::{
    ArchiveSealer, NewArchive, NewArchiveError, SealArchiveError,
};
#[cfg(feature = "std")]
pub use crate::envelope::archive::streams::ArchiveWriter;
pub use crate::envelope::claim::Unauthenticated;
pub use crate::envelope::compatible::{CompatibleError, CompatibleMessage, CompatibleRoom};
pub use crate::envelope::context::{ContextError, DataContext, Purpose};
#[cfg(feature = "std")]
pub use crate::envelope::file::container::ContainerWriter;
pub use crate::envelope::file::header::{FileHeader, OpenedFileHeader};
pub use crate::envelope::file::key::{ApplicationKind, Derivative, DerivativeKind, FileKey};
pub use crate::envelope::file::open::{FileError, FileOpener};
pub use crate::envelope::file::pointer::{
    AttachmentError, AttachmentPart, AttachmentPointer, FileDigest,
};
#[cfg(feature = "std")]
pub use crate::envelope::file::range::FileRangeReader;
pub use crate::envelope::file::ranges::RangeOpener;
#[cfg(feature = "std")]
pub use crate::envelope::file::read::FileReader;
pub use crate::envelope::file::recipients::{FileRecipients, FileRecipientsError};
pub use crate::envelope::file::seal::{FileSealer, SealFileError};
#[cfg(feature = "std")]
pub use crate::envelope::file::write::{DigestWriter, FileWriter};
pub use crate::envelope::file::{FileChunk, FileId, FileInfo};
pub use crate::envelope::kek::{
    AsyncKek, Kek, KekError, LocalKek, Recipient, RecipientKey, ReferenceTooLong, UnwrapWith,
    WrapWith,
};
pub use crate::envelope::keyring::cache::KeyringCache;
pub use crate::envelope::keyring::derived::{BlindIndex, DatabaseKey};
pub use crate::envelope::keyring::{
    Keyring, KeyringError, OpenKeyringError, RebindError, RewrapError, RootKeyState, RootKeyStatus,
};
pub use crate::envelope::media::{MediaError, MediaKey};
pub use crate::envelope::padding::Padding;
pub use crate::envelope::password::{ParametersOutOfBounds, PasswordParameters};
#[cfg(feature = "password")]
pub use crate::envelope::password::{Passphrase, PassphraseError};
pub use crate::envelope::record::{RecordError, SealRecordError};
pub use crate::envelope::recovery::code::{
    RecoveryCode, RecoveryCodeError, RecoveryProfile, UnlockError,
};
pub use crate::envelope::recovery::key::{
    RecoveryCodeKey, RecoveryCodeRecipient, RecoveryToken, RecoveryVerifier,
};
pub use crate::envelope::recovery::{
    OpenRecoveryError, Recovered, RecoveryCodeState, RecoveryCodeStatus, RecoverySet,
    RecoverySetError,
};
pub use crate::envelope::room::RoomKey;
pub use crate::envelope::root::RootKeyId;
pub use crate::envelope::share::{ShareCode, ShareCodeError};
pub use crate::envelope::text::SecretText;
pub use crate::envelope::totp::{TotpAlgorithm, TotpError, TotpSecret};
pub use crate::envelope::wrap::{KekType, UnwrapError, WrapError, WrappedKey};
pub use crate::fingerprint::trust::{Trust, TrustError, TrustStore};
pub use crate::fingerprint::{CompareError, SafetyNumber, Verified};
pub use crate::group::change::MembersChanged;
pub use crate::group::distribution::Distribution;
pub use crate::group::epoch::{GroupError, GroupId};
pub use crate::group::receive::DistributionError;
pub use crate::group::receiver::GroupDecryptError;
pub use crate::group::sender::Rotation;
pub use crate::group::session::{DistributeError, GroupEncryptError, GroupReceived, GroupSession};
pub use crate::keys::address::{Address, AddressError, DeviceId, Provider, UserId};
pub use crate::keys::identity::{Identity, InvalidKey, PublicIdentity};
pub use crate::keys::party::Party;
pub use crate::keys::peer::Peer;
pub use crate::keys::prekey::{BundleError, PreKeyId, PreKeyKind};
pub use crate::keys::suite::Suite;
pub use crate::keys::time::UnixTime;
pub use crate::limits::{LimitTooHigh, Limits};
pub use crate::people::delivery::{Delivery, Incoming};
pub use crate::people::device::DeviceRecord;
pub use crate::people::errors::{
    BeginError, DevicesError, Need, ReceiveError, RetryRefused, SendError,
};
pub use crate::people::kept::SessionInfo;
pub use crate::people::retry::{MessageId, RetryRequest, Sent};
pub use crate::people::send::Outgoing;
pub use crate::people::unstored::{Change, StateName, Unstored};
pub use crate::people::us::Us;
pub use crate::people::user::UserRecord;
#[cfg(feature = "getrandom")]
pub use crate::primitives::random::SystemRandom;
pub use crate::ratchet::decrypt::DecryptError;
pub use crate::ratchet::encrypt::EncryptError;
pub use crate::sealed::certificate::{
    CertificateError, CertificateIssuer, CertificateKey, CertificatePublicKey, IssueError,
    TrustRoots,
};
pub use crate::sealed::content::{SealedContent, SealedKind};
pub use crate::sealed::delivery::{DeliveryKey, DeliveryToken, DeliveryVerifier};
pub use crate::sealed::open::{OpenError, Opened, VerifiedSender};
pub use crate::sealed::seal::{SealError, SealedSender};
pub use crate::secret::{RandomnessFailed, Secret};
pub use crate::session::{AcceptError, Accepted, ExportError, Role, SealedError, Session};
pub use crate::wire::bundle::{PreKeyBundle, Publication};
pub use crate::wire::certificate::{CertificateKeyId, SenderCertificate, ServerCertificate};
pub use crate::wire::codec::DecodeError;
pub use crate::wire::prekey_message::PreKeyMessage;
pub use crate::wire::sealed::{SealedMessage, SealedUpload};
pub use crate::wire::snapshot::{RestoreError, Snapshot};
pub use crate::x3dh::agree::InitiateError;
pub use crate::x3dh::bundle::VerifiedBundle;
pub use crate::x3dh::consume::UsedPreKeys;
pub use crate::x3dh::context::{ApplicationTooLong, Context, Policy};
pub use crate::x3dh::store::{PreKeyError, PreKeyStatus, PreKeyStore};

/// The README's code is compiled and run like every other example.
#[cfg(all(doctest, feature = "std", feature = "pq", feature = "getrandom"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
#[path = "../tests/internal/mod.rs"]
mod internal;

/// Every source file with its name, for tests that read the code.
#[cfg(test)]
fn sources() -> std::vec::Vec<(std::string::String, std::string::String)> {
    let mut found = std::vec::Vec::new();
    let mut folders =
        std::vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((std::format!("{}", path.display()), text));
            }
        }
    }
    found
}
