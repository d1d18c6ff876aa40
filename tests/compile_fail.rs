//! What the types forbid.
//!
//! The cases of `tests/compile_fail/` are those whose messages are the same in every supported compiler. What a type does not
//! implement is asked of the compiler by `probe`, and needs no message.

mod probe;

use std::borrow::Borrow;
use std::fmt::{Debug, Display, LowerHex};
use std::hash::Hash;
use std::ops::{Deref, Index};

use confidant::{
    Accepted, CertificateIssuer, CertificateKey, DeliveryKey, DeliveryToken, DeviceId, Identity,
    Opened, Party, Peer, Plaintext, PreKeyId, PreKeyStore, Provider, PublicIdentity, Received,
    SafetyNumber, Secret, Session, Snapshot, Suite, UnixTime, UserId, VerifiedBundle,
    VerifiedSender,
};
use probe::implements;

/// no session without a verified bundle, and no such bundle but by `verify`. R-123: a secret has one exit. R-139:
/// identifiers cannot be confused. R-80: an opened message has no sender before its certificate is verified, and R-81: nobody
/// decrypts it before. R-91: nobody is verified but by a comparison. R-140: nobody is met but by a session.
#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}

/// The names of the types that have the trait, of all that hold secrets or are good for one use.
macro_rules! guarded {
    ($($bound:tt)+) => {
        having(&[
            ("Accepted", implements!(Accepted: $($bound)+)),
            ("CertificateIssuer", implements!(CertificateIssuer: $($bound)+)),
            ("CertificateKey", implements!(CertificateKey: $($bound)+)),
            ("DeliveryKey", implements!(DeliveryKey: $($bound)+)),
            ("DeliveryToken", implements!(DeliveryToken: $($bound)+)),
            ("Identity", implements!(Identity: $($bound)+)),
            ("Opened", implements!(Opened: $($bound)+)),
            ("Plaintext", implements!(Plaintext: $($bound)+)),
            ("PreKeyStore", implements!(PreKeyStore: $($bound)+)),
            ("Received", implements!(Received: $($bound)+)),
            ("Secret", implements!(Secret<32>: $($bound)+)),
            ("Session", implements!(Session: $($bound)+)),
            ("Snapshot", implements!(Snapshot: $($bound)+)),
            ("VerifiedBundle", implements!(VerifiedBundle: $($bound)+)),
            ("VerifiedSender", implements!(VerifiedSender: $($bound)+)),
        ])
    };
}

fn having(types: &[(&'static str, bool)]) -> Vec<&'static str> {
    types.iter().filter(|(_, has)| *has).map(|(name, _)| *name).collect()
}

/// what holds secrets exists once.
#[test]
fn secrets_and_sessions_cannot_be_copied() {
    assert_eq!(guarded!(Clone), [""; 0]);
    assert_eq!(guarded!(Copy), [""; 0]);
    assert_eq!(guarded!(ToOwned), [""; 0]);
    assert_eq!(guarded!(Default), [""; 0]);
}

/// secrets are not compared, ordered, hashed or made text. Plaintexts are the application's to compare.
#[test]
fn secrets_have_no_comparison_and_no_text() {
    assert_eq!(guarded!(PartialEq), ["Plaintext", "Received"]);
    assert_eq!(guarded!(PartialOrd), [""; 0]);
    assert_eq!(guarded!(Hash), [""; 0]);
    assert_eq!(guarded!(Display), [""; 0]);
    assert_eq!(guarded!(ToString), [""; 0]);
    assert_eq!(guarded!(LowerHex), [""; 0]);
}

/// a secret's bytes are reached by `expose`, which can be searched for, and by nothing that goes unseen.
#[test]
fn secrets_have_no_hidden_exit() {
    assert_eq!(guarded!(Deref), [""; 0]);
    assert_eq!(guarded!(Index<usize>), [""; 0]);
    assert_eq!(guarded!(Index<std::ops::RangeFull>), [""; 0]);
    assert_eq!(guarded!(AsRef<[u8]>), ["Plaintext"]);
    assert_eq!(guarded!(AsMut<[u8]>), [""; 0]);
    assert_eq!(guarded!(Borrow<[u8]>), [""; 0]);
    assert_eq!(guarded!(Into<Vec<u8>>), [""; 0]);
    assert_eq!(guarded!(Into<[u8; 32]>), [""; 0]);
    assert_eq!(guarded!(IntoIterator), [""; 0]);
}

/// a secret is not made from bytes that lie about, either: `init_with` fills it where it stays.
#[test]
fn secrets_are_not_made_of_copies() {
    assert_eq!(guarded!(From<[u8; 32]>), [""; 0]);
    assert_eq!(guarded!(From<Vec<u8>>), [""; 0]);
    assert!(!implements!(Secret<32>: TryFrom<&'static [u8]>));
}

/// live state and secrets are serialized by nobody, with feature `serde` either.
#[cfg(feature = "serde")]
#[test]
fn secrets_and_state_have_no_serde() {
    use confidant::PreKeyBundle;
    use serde::{Deserialize, Serialize};
    assert_eq!(guarded!(Serialize), [""; 0]);
    assert_eq!(guarded!(Deserialize<'static>), [""; 0]);
    assert!(implements!(PublicIdentity: Serialize));
    assert!(implements!(PreKeyBundle: Deserialize<'static>));
}

/// two numbers are compared by `compare` and `compare_code`, which leave evidence, and by nothing else.
#[test]
fn safety_numbers_have_no_comparison() {
    assert!(!implements!(SafetyNumber: PartialEq));
    assert!(!implements!(SafetyNumber: PartialEq<str>));
    assert!(!implements!(SafetyNumber: PartialOrd));
    assert!(!implements!(SafetyNumber: Hash));
}

/// whom a session has shown is not made of a claim.
#[test]
fn peers_are_not_made_of_parties() {
    assert!(!implements!(Peer: From<Party>));
    assert!(!implements!(Peer: From<&'static Party>));
    assert!(!implements!(Peer: Default));
    assert!(implements!(Party: From<&'static Peer>));
}

/// no identifier becomes another one.
#[test]
fn identifiers_do_not_convert() {
    assert!(!implements!(Provider: From<UserId>));
    assert!(!implements!(UserId: From<Provider>));
    assert!(!implements!(UserId: PartialEq<Provider>));
    assert!(!implements!(DeviceId: From<u32>));
    assert!(!implements!(u32: From<DeviceId>));
    assert!(!implements!(PreKeyId: From<[u8; 8]>));
    assert!(!implements!(UnixTime: From<u64>));
}

/// The probe tells the one from the other.
#[test]
fn the_probe_answers() {
    assert!(implements!(Suite: Clone));
    assert!(implements!(Plaintext: PartialEq));
    assert!(implements!(PublicIdentity: Copy));
    assert!(implements!(Session: Debug));
    assert!(implements!(Secret<32>: Send));
    assert!(implements!([u8]: ToOwned));
    assert!(!implements!(Vec<u8>: Copy));
    assert!(!implements!(std::rc::Rc<u8>: Send));
    assert_eq!(guarded!(Debug).len(), 15);
}
