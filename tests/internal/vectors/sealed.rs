//! sealed.json: certificates, sealed messages and uploads, delivery tokens.

use std::format;
use std::vec::Vec;

use serde_json::{Value, json};

use super::aead::brief;
use super::book::{self, File, Stop};
use super::fingerprint::named;
use super::given::{Given, Object, data, hex, number};
use super::parties::{self, address, identity, secret};
use super::replay::Replay;
use super::sealed_steps::{Inputs, Steps};
use super::trust::counted;
use crate::{
    Address, CertificateIssuer, CertificateKey, CertificateKeyId, CertificatePublicKey,
    DeliveryKey, DeliveryToken, DeliveryVerifier, Identity, OpenError, Party, Provider,
    SealedContent, SealedKind, SealedMessage, SealedSender, SealedUpload, SenderCertificate,
    ServerCertificate, TrustRoots, UnixTime,
};

pub(super) const FILE: File = File {
    name: "sealed.json",
    ops: &[
        ("server-certificate", server_certificate),
        ("decode-server-certificate", decode_server_certificate),
        ("issue", issue),
        ("decode-sender-certificate", decode_sender_certificate),
        ("check-certificate", check_certificate),
        ("seal-for", seal),
        ("open-sealed", open_sealed),
        ("upload", upload),
        ("counted-upload", counted_upload),
        ("delivery", delivery),
        ("present-token", present_token),
    ],
};

/// Recipients of whom a vector lists every step.
const SHOWN_RECIPIENTS: usize = 8;
/// Length of an upload up to which every step is looked at, and it is sealed and opened for each recipient alone as well.
const SMALL: usize = 1 << 16;

#[test]
fn sealed_sender() {
    book::run(&FILE);
}

fn time(given: &mut Given, key: &str) -> UnixTime {
    UnixTime::from_secs(given.fields.number(key))
}

fn certificate_key(given: &mut Given, key: &str) -> CertificateKey {
    CertificateKey::from_seed(secret(&given.fields.bytes(key)))
}

fn server_certificate(given: &mut Given) -> Result<Value, Stop> {
    let (root, server) =
        (certificate_key(given, "root_seed"), certificate_key(given, "server_seed").public());
    let (from, until) = (time(given, "from"), time(given, "until"));
    let made = root.certify(&server, from, until);
    assert_eq!(made.key_id(), server.id());
    assert_eq!(CertificatePublicKey::from_bytes(&server.to_bytes()), Ok(server));
    Ok(json!({
        "root": hex(root.public().to_bytes()),
        "root_id": hex(root.public().id().as_bytes()),
        "server": hex(server.to_bytes()),
        "server_id": hex(server.id().as_bytes()),
        "statement": hex(made.statement().unwrap().0),
        "certificate": hex(made.as_bytes()),
    }))
}

fn decode_server_certificate(given: &mut Given) -> Result<Value, Stop> {
    let bytes = given.fields.bytes("certificate");
    let decoded = ServerCertificate::decode(&bytes)?;
    assert_eq!(decoded.as_bytes().as_slice(), bytes);
    Ok(json!({"server_id": hex(decoded.key_id().as_bytes())}))
}

fn issue(given: &mut Given) -> Result<Value, Stop> {
    let (root, server) =
        (certificate_key(given, "root_seed"), certificate_key(given, "server_seed"));
    let certified = given.fields.optional("certified_seed").map(|seed| data(&seed, None));
    let certified =
        certified.map_or(server.public(), |seed| CertificateKey::from_seed(secret(&seed)).public());
    let (from, until, now) = (time(given, "from"), time(given, "until"), time(given, "now"));
    let certificate = root.certify(&certified, from, until);
    let sender = parties::device(given.fields.object("sender"));
    let (lifetime, roots) = (given.fields.number("lifetime"), roots(given));
    let made = CertificateIssuer::new(server, certificate)?.issue(&sender, now, lifetime)?;
    assert_eq!(SenderCertificate::decode(made.as_bytes())?, made);
    roots.check(&made, now)?;
    assert_eq!(made.party, sender);
    Ok(json!({
        "server_certificate": hex(certificate.as_bytes()),
        "statement": hex(made.statement().unwrap().0),
        "certificate": hex(made.as_bytes()),
        "expires": made.expires().as_secs(),
        "party": named(&made.party),
    }))
}

fn sender_certificate(given: &mut Given) -> Result<SenderCertificate, Stop> {
    let bytes = given.fields.bytes("certificate");
    let decoded = SenderCertificate::decode(&bytes)?;
    assert_eq!(decoded.as_bytes().as_slice(), bytes);
    Ok(decoded)
}

fn decode_sender_certificate(given: &mut Given) -> Result<Value, Stop> {
    let decoded = sender_certificate(given)?;
    Ok(json!({"party": named(&decoded.party), "expires": decoded.expires().as_secs()}))
}

/// Whom the receiver believes.
fn roots(given: &mut Given) -> TrustRoots {
    let listed = given.fields.list("roots");
    let (for_one, for_all): (Vec<_>, Vec<_>) = listed.into_iter().partition(Value::is_object);
    let for_all = for_all.into_iter().map(|key| root(&data(&key, None)));
    let roots = for_one.into_iter().fold(TrustRoots::new(for_all), |roots, value| {
        let mut fields = Object::new("root", value);
        let provider = Provider::new(fields.bytes("provider")).unwrap();
        let key = root(&fields.bytes("key"));
        fields.finish();
        roots.pin_for(provider, key)
    });
    let revoked = given.fields.list("revoked").into_iter().map(|id| data(&id, None));
    roots.revoke(revoked.map(|id| CertificateKeyId::from_bytes(id.try_into().unwrap())))
}

fn root(key: &[u8]) -> CertificatePublicKey {
    CertificatePublicKey::from_bytes(key.try_into().unwrap()).unwrap()
}

fn check_certificate(given: &mut Given) -> Result<Value, Stop> {
    let (certificate, roots, now) = (sender_certificate(given), roots(given), time(given, "now"));
    let certificate = certificate?;
    roots.check(&certificate, now)?;
    Ok(json!({"party": named(&certificate.party)}))
}

/// The device that a sealed message is for.
fn receiver(mut fields: Object) -> (Identity, Address) {
    let identity = identity(&fields.bytes("seed"));
    (identity, address(fields))
}

/// The listed recipients, and those that are only counted.
fn recipients(listed: &[Value]) -> Vec<Party> {
    let mut all = Vec::new();
    for value in listed {
        let mut fields = Object::new("recipient", value.clone());
        let Some(count) = fields.optional("count") else {
            all.push(parties::device(fields));
            continue;
        };
        let identity = identity(&fields.bytes("seed")).public();
        fields.finish();
        let count = u32::try_from(number(&count)).unwrap();
        all.extend((0..count).map(|i| Party::new(counted(i), identity)));
    }
    all
}

/// What is to be sealed, for whom, and what a recipient believes.
struct Request {
    us: Identity,
    certificate: SenderCertificate,
    listed: Vec<Value>,
    to: Vec<Party>,
    kind: u8,
    bytes: Vec<u8>,
    random: Vec<Value>,
    sealed_at: UnixTime,
    roots: TrustRoots,
    now: UnixTime,
}

impl Request {
    fn read(given: &mut Given) -> Result<Self, Stop> {
        let listed = given.fields.list("recipients");
        let now = time(given, "now");
        let sealed_at = given.fields.optional("sealed_at");
        Ok(Self {
            us: identity(&given.fields.bytes("sender_seed")),
            certificate: sender_certificate(given)?,
            to: recipients(&listed),
            listed,
            kind: match given.fields.text("kind").as_str() {
                "message" => 1,
                "control" => 2,
                other => panic!("unknown kind {other}"),
            },
            bytes: given.fields.bytes("bytes"),
            random: given.fields.list("random"),
            sealed_at: sealed_at.map_or(now, |at| UnixTime::from_secs(number(&at))),
            roots: roots(given),
            now,
        })
    }

    const fn content(&self) -> SealedContent<'_> {
        match self.kind {
            1 => SealedContent::Message(self.bytes.as_slice()),
            _ => SealedContent::Control(self.bytes.as_slice()),
        }
    }

    fn sender(&self) -> Result<SealedSender<'_>, Stop> {
        Ok(SealedSender::new(&self.us, &self.certificate, self.sealed_at)?)
    }

    /// The upload. A refusal draws nothing.
    fn seal(&self) -> Result<(Vec<u8>, Vec<u8>), Stop> {
        let sender = self.sender()?;
        let mut rng = Replay::new(&self.random);
        let upload = sender.seal_many(&self.to, self.content(), &mut rng);
        if upload.is_err() {
            assert!(rng.drawn().is_empty(), "a refusal draws nothing");
        }
        let upload = upload?;
        let drawn = rng.drawn().concat();
        rng.finish();
        Ok((upload, drawn))
    }

    /// Sealed for each alone it is the same, and each opens what it is sent, but for who is at our own address.
    fn check_each(&self, upload: &SealedUpload<'_>) -> Result<(), Stop> {
        let sender = self.sender()?;
        for (value, party) in self.listed.iter().zip(&self.to) {
            let (identity, at) = receiver(Object::new("recipient", value.clone()));
            let (_, view) = upload.views().find(|(address, _)| *address == at).unwrap();
            let alone = sender.seal(party, self.content(), &mut Replay::new(&self.random))?;
            assert_eq!(alone, view.encode());
            if at == *self.certificate.party.address() {
                assert_eq!(view.open(&identity, &at).err(), Some(OpenError::FromOurselves));
                continue;
            }
            let opened = view.open(&identity, &at)?.verify(&self.roots, self.now)?;
            assert_eq!(*opened.party(), self.certificate.party);
            assert_eq!(opened.bytes(), self.bytes);
        }
        Ok(())
    }
}

fn seal(given: &mut Given) -> Result<Value, Stop> {
    let mut request = Request::read(given)?;
    let (upload, drawn) = request.seal()?;
    let views = SealedUpload::decode(&upload)?;
    let (few, small) = (request.to.len() <= SHOWN_RECIPIENTS, upload.len() <= SMALL);
    if few && small {
        request.check_each(&views)?;
    }
    request.to.sort_by(|a, b| a.address().cmp(b.address()));
    assert!(views.views().map(|(at, _)| at).eq(request.to.iter().map(|to| to.address().clone())));
    let mut out = json!({"upload": brief(&upload)});
    if few {
        out["messages"] = views.views().map(|(_, view)| brief(&view.encode())).collect();
    }
    if small {
        out["steps"] = steps(&request, &drawn, &upload);
    }
    Ok(out)
}

/// What the upload was made from.
fn steps(request: &Request, drawn: &[u8], upload: &[u8]) -> Value {
    let Request { us, certificate, to, kind, bytes, .. } = request;
    let mut steps = Steps::of(&Inputs { us, certificate, kind: *kind, bytes, drawn });
    let (expected, each) = steps.upload(us, to);
    assert!(upload == expected, "made from the steps");
    steps.shown["recipients"] = each.into();
    steps.shown
}

fn open_sealed(given: &mut Given) -> Result<Value, Stop> {
    let (identity, address) = receiver(given.fields.object("receiver"));
    let bytes = given.fields.bytes("message");
    let (roots, now) = (roots(given), time(given, "now"));
    let message = SealedMessage::decode(&bytes)?;
    assert_eq!(message.encode(), bytes, "there is one encoding");
    let verified = message.open(&identity, &address)?.verify(&roots, now)?;
    let (content, is_control) = (verified.bytes(), verified.kind() == SealedKind::Control);
    assert_eq!(verified.control(), is_control.then_some(content));
    Ok(json!({
        "party": named(verified.party()),
        "carries": format!("{:?}", verified.kind()),
        "bytes": brief(content),
        "id": hex(verified.id()),
    }))
}

fn upload(given: &mut Given) -> Result<Value, Stop> {
    let bytes = given.fields.bytes("upload");
    let upload = SealedUpload::decode(&bytes)?;
    let views = upload.views().map(
        |(address, view)| json!({"address": hex(address.encode()), "message": hex(view.encode())}),
    );
    let views: Vec<Value> = views.collect();
    assert_eq!(views.len(), upload.recipient_count());
    Ok(json!({"views": views}))
}

fn counted_upload(given: &mut Given) -> Result<Value, Stop> {
    let fields = &mut given.fields;
    let (count, keys) = (fields.small("count"), fields.bytes("keys"));
    let (ephemeral, shared) = (fields.bytes("ephemeral"), fields.bytes("shared"));
    let claimed = fields.optional("claimed").as_ref().map(number);
    let claimed = claimed.map_or(count, |claimed| claimed.try_into().unwrap());
    let mut bytes = [&[1, 0x21], &ephemeral[..], &claimed.to_be_bytes()].concat();
    for i in 0..count {
        bytes.extend(counted(i).encode());
        bytes.extend(&keys);
    }
    bytes.extend(&shared);
    let upload = SealedUpload::decode(&bytes)?;
    let message = [&[1, 0x20], &ephemeral[..], &keys, &shared].concat();
    let mut views = upload.views();
    assert!((0..count).map(counted).eq(upload.views().map(|(address, _)| address)));
    assert!(views.all(|(_, view)| view.encode() == message));
    Ok(json!({"recipients": upload.recipient_count(), "upload": brief(&bytes)}))
}

fn delivery(given: &mut Given) -> Result<Value, Stop> {
    let token = DeliveryKey::from_secret(secret(&given.fields.bytes("key"))).token();
    let verifier = token.verifier();
    assert!(verifier.accepts(&token));
    Ok(json!({"token": hex(token.expose()), "verifier": hex(verifier.as_bytes())}))
}

/// `spec.md` has no name for the relay's answer to another token.
fn present_token(given: &mut Given) -> Result<Value, Stop> {
    let token = DeliveryToken::from_bytes(&given.fields.array("token"));
    let verifier = DeliveryVerifier::from_bytes(given.fields.array("verifier"));
    let accepted = verifier.accepts(&token);
    if accepted { Ok(json!({"accepted": true})) } else { Err(Stop::Refused("refused".into())) }
}
