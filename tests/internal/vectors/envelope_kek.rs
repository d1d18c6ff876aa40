//! What wraps keys, as wrapped.json and keyring.json list it.

use std::cell::RefCell;
use std::string::String;
use std::vec::Vec;

use serde_json::Value;

use super::book::Stop;
use super::given::{Object, data, hex, text};
use super::parties::secret;
use crate::primitives::mac::hmac;
use crate::{
    DataContext, Kek, KekError, Keyring, LocalKek, Recipient, RecipientKey, RecoveryCode,
    RecoveryCodeKey, RecoveryCodeRecipient, RecoveryProfile, Secret, UnwrapWith, WrapWith,
};
#[cfg(feature = "password")]
use crate::{Passphrase, PasswordParameters};

pub(super) enum Means {
    Local(LocalKek),
    #[cfg(feature = "password")]
    Passphrase(Passphrase, PasswordParameters),
    Recipient(RecipientKey, Recipient),
    Code(RecoveryCodeKey, RecoveryCodeRecipient),
    Service(Played),
    Keyring(Keyring),
}

impl Means {
    pub(super) fn read(value: Value) -> Result<Self, Stop> {
        let mut fields = Object::new("kek", value);
        let kind = fields.text("type");
        let means = match kind.as_str() {
            "local" => {
                let (name, key) = (fields.bytes("reference"), fields.bytes("key"));
                Self::Local(LocalKek::new(&name, secret(&key))?)
            }
            "passphrase" => passphrase(&mut fields)?,
            "x25519" => {
                let pair = RecipientKey::from_secret(secret(&fields.bytes("secret")));
                let public = pair.public();
                Self::Recipient(pair, public)
            }
            "code" => {
                let code = RecoveryCode::parse(&fields.text("code"))?;
                let key = code.unlock(&fields.array("set_id"), RecoveryProfile::Long)?;
                let public = key.recipient();
                Self::Code(key, public)
            }
            "service" => Self::Service(Played::read(&mut fields)),
            "keyring" => {
                let context = context(&fields.bytes("context"));
                Self::Keyring(stored(&mut fields, &context)?)
            }
            other => panic!("unknown KEK {other}"),
        };
        fields.finish();
        Ok(means)
    }

    pub(super) fn wraps(&self) -> WrapWith<'_> {
        match self {
            Self::Local(kek) => WrapWith::Local(kek),
            #[cfg(feature = "password")]
            Self::Passphrase(passphrase, parameters) => {
                WrapWith::Passphrase(passphrase, *parameters)
            }
            Self::Recipient(_, public) => WrapWith::Recipient(public),
            Self::Code(_, public) => WrapWith::Code(public),
            Self::Service(service) => WrapWith::Service(service),
            Self::Keyring(keyring) => WrapWith::Keyring(keyring),
        }
    }

    pub(super) fn unwraps(&self) -> UnwrapWith<'_> {
        match self {
            Self::Local(kek) => UnwrapWith::Local(kek),
            #[cfg(feature = "password")]
            Self::Passphrase(passphrase, _) => UnwrapWith::Passphrase(passphrase),
            Self::Recipient(pair, _) => UnwrapWith::Recipient(pair),
            Self::Code(key, _) => UnwrapWith::Code(key),
            Self::Service(service) => UnwrapWith::Service(service),
            Self::Keyring(keyring) => UnwrapWith::Keyring(keyring),
        }
    }
}

#[cfg(feature = "password")]
fn passphrase(fields: &mut Object) -> Result<Means, Stop> {
    let passphrase = Passphrase::new(fields.bytes("passphrase"))?;
    let (kib, passes) = (fields.small("kib"), fields.small("passes"));
    let lanes = fields.number("lanes").try_into().unwrap();
    Ok(Means::Passphrase(passphrase, PasswordParameters::new(kib, passes, lanes)?))
}

#[cfg(not(feature = "password"))]
fn passphrase(_: &mut Object) -> Result<Means, Stop> {
    Err(Stop::Absent)
}

/// A context that a vector takes for granted.
pub(super) fn context(bytes: &[u8]) -> DataContext {
    DataContext::decode(bytes).unwrap()
}

/// A keyring that is opened from its bytes, which are given in pieces.
pub(super) fn stored(fields: &mut Object, context: &DataContext) -> Result<Keyring, Stop> {
    let bytes = match fields.value("bytes") {
        Value::Array(pieces) => pieces.iter().flat_map(|piece| data(piece, None)).collect(),
        whole => data(&whole, None),
    };
    let with = Means::read(fields.value("with"))?;
    Ok(Keyring::open(&bytes, context, with.unwraps(), 0)?)
}

/// A service that keeps a secret, and what it has been bound to.
pub(super) struct Played {
    reference: Vec<u8>,
    secret: [u8; 32],
    says: Option<KekError>,
    blob: Option<Vec<u8>>,
    tells: Option<Vec<u8>>,
    asked: RefCell<Vec<[u8; 32]>>,
}

impl Played {
    fn read(fields: &mut Object) -> Self {
        Self {
            reference: fields.bytes("reference"),
            secret: fields.array("secret"),
            says: fields.optional("says").map(|said| error(&text(&said))),
            blob: fields.optional("blob").map(|blob| data(&blob, None)),
            tells: fields.optional("tells").map(|key| data(&key, None)),
            asked: RefCell::default(),
        }
    }

    /// What it was last asked to bind a key to.
    pub(super) fn aad(&self) -> Value {
        hex(self.asked.borrow().last().unwrap())
    }

    fn masked(&self, aad: &[u8; 32], key: &[u8]) -> Vec<u8> {
        let mask = hmac(&self.secret, &[&[0], &aad[..]].concat());
        key.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect()
    }

    fn seal(&self, aad: &[u8; 32], key: &[u8]) -> Vec<u8> {
        let tag = hmac(&self.secret, &[&[1], &aad[..], key].concat());
        [&tag[..], &self.masked(aad, key)].concat()
    }
}

fn error(name: &str) -> KekError {
    match name {
        "Unavailable" => KekError::Unavailable,
        "Denied" => KekError::Denied,
        "Invalid" => KekError::Invalid,
        other => panic!("no service says {}", String::from(other)),
    }
}

impl Kek for Played {
    fn kek_ref(&self) -> &[u8] {
        &self.reference
    }

    fn wrap_key(&self, aad: &[u8; 32], key: &Secret<32>) -> Result<Vec<u8>, KekError> {
        self.asked.borrow_mut().push(*aad);
        match (self.says, &self.blob) {
            (Some(error), _) => Err(error),
            (None, Some(blob)) => Ok(blob.clone()),
            (None, None) => Ok(self.seal(aad, key.expose())),
        }
    }

    fn unwrap_key(&self, aad: &[u8; 32], blob: &[u8]) -> Result<Secret<32>, KekError> {
        match (self.says, &self.tells) {
            (Some(error), _) => Err(error),
            (None, Some(key)) => Ok(secret(key)),
            (None, None) => {
                let key = self.masked(aad, blob.get(32..).unwrap_or_default());
                if blob == self.seal(aad, &key) { Ok(secret(&key)) } else { Err(KekError::Invalid) }
            }
        }
    }
}
