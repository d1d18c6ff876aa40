//! Who takes part in a vector: identities, addresses, and what they have agreed on.

use serde_json::Value;

use super::book::Stop;
use super::given::Object;
use crate::keys::prekey::PreKeyKind;
use crate::{
    Address, Context, DeviceId, Identity, Limits, Party, Policy, Provider, PublicIdentity, Secret,
    Suite, UserId,
};

pub(super) fn secret<const N: usize>(bytes: &[u8]) -> Secret<N> {
    Secret::init_with(|secret| secret.copy_from_slice(bytes))
}

pub(super) fn identity(seed: &[u8]) -> Identity {
    Identity::from_seed(secret(seed))
}

pub(super) fn suite(name: &str) -> Result<Suite, Stop> {
    match name {
        "X3dh" => Ok(Suite::X3dh),
        "Pqxdh1024" => Suite::from_byte(2).ok_or(Stop::Absent),
        _ => panic!("unknown suite {name}"),
    }
}

/// A kind. Those of the KEM are absent where the hybrid suite is.
pub(super) fn kind(name: &str) -> Result<PreKeyKind, Stop> {
    match name {
        "Signed" => Ok(PreKeyKind::Signed),
        "OneTime" => Ok(PreKeyKind::OneTime),
        "KemOneTime" => suite("Pqxdh1024").map(|_| PreKeyKind::KemOneTime),
        "KemLastResort" => suite("Pqxdh1024").map(|_| PreKeyKind::KemLastResort),
        _ => panic!("unknown kind {name}"),
    }
}

/// What both sides of a handshake are given.
pub(super) struct Setting {
    application: std::vec::Vec<u8>,
    initiator: Address,
    responder: Address,
}

impl Setting {
    pub(super) fn read(fields: &mut Object) -> Self {
        Self {
            application: fields.bytes("application"),
            initiator: address(fields.object("initiator_address")),
            responder: address(fields.object("responder_address")),
        }
    }

    pub(super) fn initiators(&self, limits: Limits) -> Context {
        self.between(&self.initiator, &self.responder, limits)
    }

    pub(super) fn responders(&self, limits: Limits) -> Context {
        self.between(&self.responder, &self.initiator, limits)
    }

    fn between(&self, ours: &Address, theirs: &Address, limits: Limits) -> Context {
        let context = Context::new(ours.clone(), theirs.clone());
        let context = context.policy(Policy::ClassicalAllowed).limits(limits);
        context.application(&self.application).unwrap()
    }
}

/// A device of a group: its address, and the identity of its seed.
pub(super) fn device(mut fields: Object) -> Party {
    let identity = identity(&fields.bytes("seed")).public();
    Party::new(address(fields), identity)
}

/// Somebody whose identity is listed.
pub(super) fn party(mut fields: Object) -> Party {
    let identity = PublicIdentity::from_bytes(&fields.array("identity")).unwrap();
    Party::new(address(fields), identity)
}

pub(super) fn address(mut fields: Object) -> Address {
    let provider = Provider::new(fields.bytes("provider")).unwrap();
    let user = UserId::new(fields.bytes("user")).unwrap();
    let device = DeviceId::new(fields.small("device"));
    fields.finish();
    Address::new(provider, user, device)
}

/// `{max_jump, max_stored}`, or the defaults.
pub(super) fn limits(value: Option<Value>) -> Limits {
    let Some(value) = value else { return Limits::default() };
    let mut fields = Object::new("limits", value);
    let limits = Limits::new(fields.small("max_jump"), fields.small("max_stored")).unwrap();
    fields.finish();
    limits
}
