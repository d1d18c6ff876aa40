//! What an attacker can write: the formats and formulas of `src/docs/`, put down a second time. Nothing here comes from the
//! crate but seeds and snapshots, which tests may know.
#![allow(dead_code, reason = "each test crate uses its own part")]

pub mod impostor;
pub mod scene;
pub mod sealed;
pub mod snapshot;
pub mod torsion;

use confidant::Identity;
use ed25519_dalek::{Signer, SigningKey};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};

pub const SIGNED: u8 = 1;
pub const ONE_TIME: u8 = 2;
pub const KEM_ONE_TIME: u8 = 3;
pub const KEM_LAST_RESORT: u8 = 4;

pub const X3DH: u8 = 1;
pub const PQXDH: u8 = 2;

/// The five *u*-coordinates of small order, as in `wire.md`.
pub fn small_order_u() -> [[u8; 32]; 5] {
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]
    .map(|hex| unhex(hex).try_into().unwrap())
}

pub fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `SHA-256(label ‖ parts…)`.
pub fn hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(label);
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

/// `HKDF(salt, ikm, info, N)`.
pub fn hkdf<const N: usize>(salt: &[u8], ikm: &[u8], info: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, &mut out).unwrap();
    out
}

/// The Ed25519 key of an identity, from its seed.
pub fn signing_key(identity: &Identity) -> SigningKey {
    let secret = hkdf(&[], identity.seed().expose(), b"confidant/v1/identity/ed25519");
    SigningKey::from_bytes(&secret)
}

/// The Ed25519 half of one identity and the X25519 half of another, as one identity.
pub fn spliced(signing: &Identity, agreement: &Identity) -> [u8; 64] {
    let mut out = signing.public().to_bytes();
    out[32..].copy_from_slice(&agreement.public().to_bytes()[32..]);
    out
}

/// The first 8 bytes of `SHA-256("confidant/v1/prekey/id" ‖ kind ‖ public key)`.
pub fn prekey_id(kind: u8, public: &[u8]) -> [u8; 8] {
    hash("confidant/v1/prekey/id", &[&[kind], public])[..8].try_into().unwrap()
}

/// A pre-key body and its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreKey {
    pub kind: u8,
    pub created: u64,
    pub expires: u64,
    pub public: Vec<u8>,
    pub signature: [u8; 64],
}

impl PreKey {
    pub fn id(&self) -> [u8; 8] {
        prekey_id(self.kind, &self.public)
    }

    /// Signs it, as it is, with the Ed25519 half of `signer`; `identity` is whose it is said to be.
    pub fn sign(&mut self, signer: &Identity, suite: u8, identity: &[u8; 64]) {
        let statement = [
            &b"confidant/v1/prekey/signature"[..],
            &[self.kind],
            &self.id(),
            &[suite],
            &self.created.to_be_bytes(),
            &self.expires.to_be_bytes(),
            identity,
            &self.public,
        ];
        self.signature = signing_key(signer).sign(&statement.concat()).to_bytes();
    }

    fn read(bytes: &mut &[u8], kind: u8) -> Self {
        let len = if kind < KEM_ONE_TIME { 32 } else { 1568 };
        Self {
            kind,
            created: u64::from_be_bytes(array(bytes)),
            expires: u64::from_be_bytes(array(bytes)),
            public: take(bytes, len).to_vec(),
            signature: array(bytes),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.created.to_be_bytes());
        out.extend(self.expires.to_be_bytes());
        out.extend(&self.public);
        out.extend(self.signature);
    }
}

/// A pre-key bundle, open to every change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    pub suite: u8,
    pub identity: [u8; 64],
    pub signed: PreKey,
    pub one_time: Option<PreKey>,
    pub kem: Option<PreKey>,
}

impl Bundle {
    pub fn read(bytes: &[u8]) -> Self {
        let rest = &mut &bytes[2..];
        let [suite, flags] = array(rest);
        let bundle = Self {
            suite,
            identity: array(rest),
            signed: PreKey::read(rest, SIGNED),
            one_time: (flags == 1).then(|| PreKey::read(rest, ONE_TIME)),
            kem: (suite == PQXDH).then(|| {
                let [kind] = array(rest);
                PreKey::read(rest, kind)
            }),
        };
        assert!(rest.is_empty());
        bundle
    }

    pub fn write(&self) -> Vec<u8> {
        let mut out = vec![0x01, 0x10, self.suite, u8::from(self.one_time.is_some())];
        out.extend(self.identity);
        self.signed.write(&mut out);
        self.one_time.iter().for_each(|key| key.write(&mut out));
        if let Some(key) = &self.kem {
            out.push(key.kind);
            key.write(&mut out);
        }
        out
    }

    pub fn keys(&mut self) -> impl Iterator<Item = &mut PreKey> {
        [&mut self.signed].into_iter().chain(&mut self.one_time).chain(&mut self.kem)
    }

    /// Puts every pre-key under `identity`, signed by `signer`.
    pub fn certify(&mut self, signer: &Identity, identity: [u8; 64]) {
        self.identity = identity;
        let suite = self.suite;
        self.keys().for_each(|key| key.sign(signer, suite, &identity));
    }
}

/// A publication, open to every change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    pub suite: u8,
    pub identity: [u8; 64],
    pub signed: PreKey,
    pub last_resort: Option<PreKey>,
    pub one_time: Vec<PreKey>,
    pub kem_one_time: Vec<PreKey>,
}

impl Published {
    pub fn read(bytes: &[u8]) -> Self {
        let rest = &mut &bytes[2..];
        let [suite] = array(rest);
        let published = Self {
            suite,
            identity: array(rest),
            signed: PreKey::read(rest, SIGNED),
            last_resort: (suite == PQXDH).then(|| PreKey::read(rest, KEM_LAST_RESORT)),
            one_time: read_list(rest, ONE_TIME),
            kem_one_time: if suite == PQXDH { read_list(rest, KEM_ONE_TIME) } else { Vec::new() },
        };
        assert!(rest.is_empty());
        published
    }

    pub fn write(&self) -> Vec<u8> {
        let mut out = vec![0x01, 0x11, self.suite];
        out.extend(self.identity);
        self.signed.write(&mut out);
        self.last_resort.iter().for_each(|key| key.write(&mut out));
        write_list(&mut out, &self.one_time);
        if self.suite == PQXDH {
            write_list(&mut out, &self.kem_one_time);
        }
        out
    }
}

fn read_list(bytes: &mut &[u8], kind: u8) -> Vec<PreKey> {
    let count = u16::from_be_bytes(array(bytes));
    (0..count).map(|_| PreKey::read(bytes, kind)).collect()
}

fn write_list(out: &mut Vec<u8>, keys: &[PreKey]) {
    out.extend(u16::try_from(keys.len()).unwrap().to_be_bytes());
    keys.iter().for_each(|key| key.write(out));
}

/// A pre-key message, open to every change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First {
    pub suite: u8,
    pub identity: [u8; 64],
    pub ephemeral: [u8; 32],
    pub signed: [u8; 8],
    pub one_time: Option<[u8; 8]>,
    /// Id of the KEM pre-key, and the ciphertext.
    pub kem: Option<([u8; 8], Vec<u8>)>,
    pub message: Vec<u8>,
}

impl First {
    pub fn read(bytes: &[u8]) -> Self {
        let rest = &mut &bytes[2..];
        let [suite, flags] = array(rest);
        Self {
            suite,
            identity: array(rest),
            ephemeral: array(rest),
            signed: array(rest),
            one_time: (flags == 1).then(|| array(rest)),
            kem: (suite == PQXDH).then(|| (array(rest), take(rest, 1568).to_vec())),
            message: rest.to_vec(),
        }
    }

    pub fn write(&self) -> Vec<u8> {
        let mut out = vec![0x01, 0x01, self.suite, u8::from(self.one_time.is_some())];
        out.extend(self.identity);
        out.extend(self.ephemeral);
        out.extend(self.signed);
        out.extend(self.one_time.iter().flatten());
        if let Some((id, ciphertext)) = &self.kem {
            out.extend(id);
            out.extend(ciphertext);
        }
        out.extend(&self.message);
        out
    }
}

pub fn take<'a>(bytes: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (front, rest) = bytes.split_at(len);
    *bytes = rest;
    front
}

pub fn array<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    take(bytes, N).try_into().unwrap()
}
