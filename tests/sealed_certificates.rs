//! Whom a recipient believes: roots, servers, senders, their times, and everything that can be wrong with them.

mod common;
mod forge;
mod office;

use common::{NOW, TestRng, address};
use confidant::limits::{CLOCK_SKEW, MAX_CERTIFIED_NAMES};
use confidant::{
    Address, CertificateError, CertificateIssuer, CertificateKey, CertificateKeyId,
    CertificatePublicKey, DecodeError, DeviceId, Identity, InvalidKey, IssueError, OpenError,
    Party, Provider, RandomnessFailed, SealError, SealedSender, SenderCertificate,
    ServerCertificate, TrustRoots, UnixTime, UserId,
};
use forge::sealed::{CONTROL, Sealing, content, secret_of, sender_certificate, server_certificate};
use office::{DAY, Office, Person, ROOT_SEED, SERVER_DAYS, SERVER_SEED, key, now};

/// Alice and Bob, certified by an office.
fn scene(seed: u64) -> (Office, Person, Person, TestRng) {
    let (office, mut rng) = (Office::new(), TestRng::new(seed));
    let [alice, bob] = ["alice", "bob"].map(|user| office.person(user, &mut rng));
    (office, alice, bob, rng)
}

/// What Bob makes of a certificate of Alice's, which comes in a message that is right otherwise.
fn judge(
    certificate: &[u8],
    (alice, bob): (&Person, &Person),
    roots: &TrustRoots,
    now: UnixTime,
) -> Result<(), CertificateError> {
    let sealing = Sealing::new([5; 32], &content(certificate, CONTROL, b"text"));
    let secret = secret_of(&alice.identity, bob.party().identity());
    let opened = bob.open(&sealing.message(&secret, &alice.party(), &bob.party())).unwrap();
    let verdict = opened.verify(roots, now).map(drop);
    let certificate = SenderCertificate::decode(certificate).unwrap();
    assert_eq!(roots.check(&certificate, now), verdict, "a check by itself says the same");
    verdict
}

/// Certificates as somebody with both seeds could write them, with times relative to `NOW`.
struct Times {
    server: (i64, i64),
    sender: (i64, i64),
}

impl Times {
    fn write(&self, of: &Person) -> Vec<u8> {
        let absolute = |(from, until)| (now(from).as_secs(), now(until).as_secs());
        let (root, server) = (key(ROOT_SEED).public(), key(SERVER_SEED).public());
        let server = server_certificate(
            &ROOT_SEED,
            root.id().as_bytes(),
            &server.to_bytes(),
            absolute(self.server),
        );
        sender_certificate(&SERVER_SEED, &of.party(), absolute(self.sender), &server)
    }
}

const SKEW: i64 = CLOCK_SKEW.cast_signed();
const GOOD: (i64, i64) = (-10, 10);

/// the forger of this file writes what the crate writes; what is refused below is so for what is changed.
#[test]
fn the_forger_writes_what_an_office_does() {
    let (office, alice, bob, _) = scene(1);
    let month = (SERVER_DAYS * DAY).cast_signed();
    let times = Times { server: (0, month), sender: (0, DAY.cast_signed()) };
    let forged = times.write(&alice);
    assert_eq!(forged, alice.certificate.as_bytes());
    assert_eq!(forged[210..332], *office.server.as_bytes());
    assert_eq!(judge(&forged, (&alice, &bob), &office.roots, NOW), Ok(()));
}

/// a sender is believed from a day before `from` on, and before `until`; to the second.
#[test]
fn a_sender_certificate_has_its_time() {
    let (office, alice, bob, _) = scene(2);
    let at = |sender| {
        let times = Times { server: (-SKEW, 10 * SKEW), sender };
        judge(&times.write(&alice), (&alice, &bob), &office.roots, NOW)
    };
    assert_eq!(at((-10, 1)), Ok(()));
    assert_eq!(at((-10, 0)), Err(CertificateError::Expired));
    assert_eq!(at((-10, -1)), Err(CertificateError::Expired));
    assert_eq!(at((SKEW, SKEW + 10)), Ok(()));
    assert_eq!(at((SKEW + 1, SKEW + 10)), Err(CertificateError::NotYetValid));
    // What is both is not yet valid first.
    assert_eq!(at((SKEW + 1, -1)), Err(CertificateError::NotYetValid));
}

/// the server's own time counts as well, and first.
#[test]
fn a_server_certificate_has_its_time() {
    let (office, alice, bob, _) = scene(3);
    let at = |server, sender| {
        judge(&Times { server, sender }.write(&alice), (&alice, &bob), &office.roots, NOW)
    };
    assert_eq!(at((-10, 1), GOOD), Ok(()));
    assert_eq!(at((-10, 0), GOOD), Err(CertificateError::Expired));
    assert_eq!(at((SKEW, SKEW + 1), GOOD), Ok(()));
    assert_eq!(at((SKEW + 1, SKEW + 2), GOOD), Err(CertificateError::NotYetValid));
    assert_eq!(at((-10, 0), (SKEW + 1, SKEW + 2)), Err(CertificateError::Expired));
    assert_eq!(at((SKEW + 1, SKEW + 2), (-10, 0)), Err(CertificateError::NotYetValid));
}

/// an honest message that was long on its way, or meets a wrong clock.
#[test]
fn an_old_message_is_not_believed() {
    let (office, alice, bob, mut rng) = scene(4);
    let sealed = alice.say(&bob, b"text", &mut rng);
    let verify = |now| bob.open(&sealed).unwrap().verify(&office.roots, now).map(drop);
    let day = DAY.cast_signed();
    assert_eq!(verify(now(day - 1)), Ok(()));
    assert_eq!(verify(now(day)), Err(CertificateError::Expired));
    assert_eq!(verify(now(-day)), Ok(()));
    assert_eq!(verify(now(-day - 1)), Err(CertificateError::NotYetValid));
    assert_eq!(verify(UnixTime::from_secs(0)), Err(CertificateError::NotYetValid));
    assert_eq!(verify(UnixTime::from_secs(u64::MAX)), Err(CertificateError::Expired));
    assert_eq!(alice.certificate.expires(), now(day));
}

/// only pinned roots are believed; without any, nobody is.
#[test]
fn a_root_that_is_not_pinned_is_unknown() {
    let (office, alice, bob, mut rng) = scene(5);
    let sealed = alice.say(&bob, b"text", &mut rng);
    let with = |roots: Vec<CertificatePublicKey>| {
        bob.open(&sealed).unwrap().verify(&TrustRoots::new(roots), NOW).map(drop)
    };
    let other = key([1; 32]).public();
    assert_eq!(with(vec![]), Err(CertificateError::UnknownRoot));
    assert_eq!(with(vec![other]), Err(CertificateError::UnknownRoot));
    // A server is no root.
    assert_eq!(with(vec![key(SERVER_SEED).public()]), Err(CertificateError::UnknownRoot));
    assert_eq!(with(vec![other, office.root.public()]), Ok(()));
}

/// during a rotation both roots are pinned, and each is believed; afterwards the old one is not.
#[test]
fn two_roots_are_believed_during_a_rotation() {
    let (office, alice, bob, mut rng) = scene(6);
    let new_root = key([2; 32]);
    let server = new_root.certify(&key(SERVER_SEED).public(), NOW, now(DAY.cast_signed()));
    let issuer = CertificateIssuer::new(key(SERVER_SEED), server).unwrap();
    let new = issuer.issue(&alice.party(), NOW, DAY).unwrap();
    let old_message = alice.say(&bob, b"old", &mut rng);
    let alice = Person { certificate: new, ..alice };
    let new_message = alice.say(&bob, b"new", &mut rng);
    let roots = |roots: &[&CertificateKey]| TrustRoots::new(roots.iter().map(|key| key.public()));
    let verify = |message: &[u8], roots: &TrustRoots| {
        bob.open(message).unwrap().verify(roots, NOW).map(drop)
    };
    let unknown = Err(CertificateError::UnknownRoot);
    for both in [roots(&[&office.root, &new_root]), roots(&[&new_root, &office.root])] {
        assert_eq!((verify(&old_message, &both), verify(&new_message, &both)), (Ok(()), Ok(())));
    }
    let (old, new) = (roots(&[&office.root]), roots(&[&new_root]));
    assert_eq!((verify(&old_message, &old), verify(&new_message, &old)), (Ok(()), unknown));
    assert_eq!((verify(&old_message, &new), verify(&new_message, &new)), (unknown, Ok(())));
}

/// what a revoked server key has signed is not believed, under whichever of its certificates; another server's is.
#[test]
fn a_revoked_server_is_not_believed() {
    let (office, alice, bob, mut rng) = scene(7);
    let sealed = alice.say(&bob, b"text", &mut rng);
    let verify = |ids: &[CertificateKeyId]| {
        let roots = office.roots.clone().revoke(ids.iter().copied());
        bob.open(&sealed).unwrap().verify(&roots, NOW).map(drop)
    };
    let id = office.server.key_id();
    assert_eq!(id, key(SERVER_SEED).public().id());
    let other = CertificateKeyId::from_bytes([7; 8]);
    assert_eq!(verify(&[other]), Ok(()));
    assert_eq!(verify(&[other, id]), Err(CertificateError::Revoked));
    assert_eq!(
        verify(&[CertificateKeyId::from_bytes(*id.as_bytes())]),
        Err(CertificateError::Revoked)
    );
    // A revocation that comes later leaves those before it.
    let roots = office.roots.clone().revoke([id]).revoke([other]);
    assert_eq!(roots.check(&alice.certificate, NOW), Err(CertificateError::Revoked));
    // A renewed certificate of the revoked key.
    let renewed = office.root.certify(&key(SERVER_SEED).public(), NOW, now(1_000));
    let issuer = CertificateIssuer::new(key(SERVER_SEED), renewed).unwrap();
    let certificate = issuer.issue(&alice.party(), NOW, DAY).unwrap();
    assert_eq!(roots.check(&certificate, NOW), Err(CertificateError::Revoked));
    let server = key([3; 32]);
    let certified = office.root.certify(&server.public(), NOW, now(1_000));
    let certificate =
        CertificateIssuer::new(server, certified).unwrap().issue(&alice.party(), NOW, DAY).unwrap();
    assert_eq!(roots.check(&certificate, NOW), Ok(()));
}

/// revocation is found before an old time is, and after the root's signature.
#[test]
fn what_is_wrong_first_is_told() {
    let (office, alice, bob, _) = scene(8);
    let revoked = office.roots.clone().revoke([office.server.key_id()]);
    let parties = (&alice, &bob);
    let mut old = Times { server: (-10, 0), sender: (-10, 0) }.write(&alice);
    assert_eq!(judge(&old, parties, &revoked, NOW), Err(CertificateError::Revoked));
    // The server's signature on the sender.
    old[332 + 5] ^= 1;
    assert_eq!(judge(&old, parties, &revoked, NOW), Err(CertificateError::Revoked));
    assert_eq!(judge(&old, parties, &office.roots, NOW), Err(CertificateError::BadSignature));
    // The root's signature on the server.
    old[268 + 5] ^= 1;
    assert_eq!(judge(&old, parties, &revoked, NOW), Err(CertificateError::BadSignature));
    // The root's id.
    old[212] ^= 1;
    assert_eq!(judge(&old, parties, &revoked, NOW), Err(CertificateError::UnknownRoot));
}

/// every bit of a certificate counts, its padding too.
#[test]
fn every_flipped_bit_of_a_certificate_is_refused() {
    let (office, alice, ..) = scene(9);
    let mut signatures = 0;
    for bit in 0..SenderCertificate::LEN * 8 {
        let mut bytes = *alice.certificate.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(certificate) = SenderCertificate::decode(&bytes) else { continue };
        let refused = office.roots.check(&certificate, NOW).unwrap_err();
        // The root's id stands behind version and type of the server certificate.
        let root = (212..220).contains(&(bit / 8));
        let expected =
            if root { CertificateError::UnknownRoot } else { CertificateError::BadSignature };
        assert_eq!(refused, expected, "{bit}");
        signatures += usize::from(bit / 8 >= 332);
    }
    assert_eq!(signatures, 64 * 8, "a signature that is wrong is still a certificate");
}

/// signatures by other keys: a root's by a server, a server's by its root, anybody's by himself.
#[test]
fn who_signs_must_be_the_one_named() {
    let (office, alice, bob, _) = scene(10);
    let (root, server) = (key(ROOT_SEED).public(), key(SERVER_SEED).public());
    let validity = (NOW.as_secs(), NOW.as_secs() + 10);
    let certify = |signer, root: CertificatePublicKey, key: CertificatePublicKey| {
        server_certificate(&signer, root.id().as_bytes(), &key.to_bytes(), validity)
    };
    let eve_seed = [4; 32];
    let eve = key(eve_seed).public();
    let judged = |signer, server: Vec<u8>| {
        let bytes = sender_certificate(&signer, &alice.party(), validity, &server);
        judge(&bytes, (&alice, &bob), &office.roots, NOW)
    };
    let bad = Err(CertificateError::BadSignature);
    assert_eq!(judged(SERVER_SEED, certify(ROOT_SEED, root, server)), Ok(()));
    assert_eq!(judged(ROOT_SEED, certify(ROOT_SEED, root, server)), bad);
    assert_eq!(judged(eve_seed, certify(ROOT_SEED, root, server)), bad);
    assert_eq!(judged(eve_seed, certify(eve_seed, root, eve)), bad, "in the root's name");
    assert_eq!(judged(eve_seed, certify(SERVER_SEED, root, eve)), bad, "a server is no root");
    let unknown = Err(CertificateError::UnknownRoot);
    assert_eq!(judged(eve_seed, certify(eve_seed, eve, eve)), unknown);
    assert_eq!(judged(eve_seed, certify(SERVER_SEED, server, eve)), unknown);
}

/// with a certificate for another key nobody seals, and whoever does it by hand is refused.
#[test]
fn a_certificate_is_for_one_key() {
    let (office, alice, bob, mut rng) = scene(11);
    let mallory = office.person("mallory", &mut rng);
    let refused = SealedSender::new(&mallory.identity, &alice.certificate, NOW).map(drop);
    assert_eq!(refused, Err(SealError::WrongCertificate));
    // Half of Alice's identity does not do either.
    for (signing, agreement) in [(&alice, &mallory), (&mallory, &alice)] {
        let half = forge::spliced(&signing.identity, &agreement.identity);
        let half = confidant::PublicIdentity::from_bytes(&half).unwrap();
        let certificate = office.certify(&Party::new(alice.address.clone(), half));
        let refused = SealedSender::new(&mallory.identity, &certificate, NOW).map(drop);
        assert_eq!(refused, Err(SealError::WrongCertificate));
    }
    // Alice's certificate, and a tag that Mallory can make.
    let padded = content(alice.certificate.as_bytes(), CONTROL, b"text");
    let sealing = Sealing::new([6; 32], &padded);
    let mallorys = secret_of(&mallory.identity, bob.party().identity());
    for name in [alice.party(), mallory.party()] {
        let forged = sealing.message(&mallorys, &name, &bob.party());
        assert_eq!(bob.open(&forged).map(drop), Err(OpenError::Unauthentic));
    }
    let alices = secret_of(&alice.identity, bob.party().identity());
    assert!(bob.open(&sealing.message(&alices, &alice.party(), &bob.party())).is_ok());
    // A certificate with Mallory's identity written into it opens, and is not believed.
    let mut bytes = *alice.certificate.as_bytes();
    bytes[2..66].copy_from_slice(&mallory.identity.public().to_bytes());
    let claimed = Party::new(alice.address.clone(), mallory.identity.public());
    let sealing = Sealing::new([6; 32], &content(&bytes, CONTROL, b"text"));
    let opened = bob.open(&sealing.message(&mallorys, &claimed, &bob.party())).unwrap();
    let refused = opened.verify(&office.roots, NOW).map(drop);
    assert_eq!(refused, Err(CertificateError::BadSignature));
}

/// nobody seals with a certificate that nobody would believe: from its end on, to the second. Before its beginning he
/// does, since recipients' clocks may be ahead.
#[test]
fn nobody_seals_with_an_expired_certificate() {
    let (office, alice, bob, mut rng) = scene(17);
    let seal = |certificate: &SenderCertificate, at| {
        SealedSender::new(&alice.identity, certificate, at).map(drop)
    };
    let day = DAY.cast_signed();
    let expired = Err(SealError::Expired);
    assert_eq!(alice.certificate.expires(), now(day));
    assert_eq!(seal(&alice.certificate, now(day - 1)), Ok(()));
    assert_eq!(seal(&alice.certificate, now(day)), expired);
    assert_eq!(seal(&alice.certificate, now(day + 1)), expired);
    assert_eq!(seal(&alice.certificate, UnixTime::from_secs(u64::MAX)), expired);
    assert_eq!(seal(&alice.certificate, now(-day)), Ok(()));
    assert_eq!(seal(&alice.certificate, UnixTime::from_secs(0)), Ok(()));
    // Whose it is comes first.
    let mallory = office.person("mallory", &mut rng);
    let refused = SealedSender::new(&mallory.identity, &alice.certificate, now(day)).map(drop);
    assert_eq!(refused, Err(SealError::WrongCertificate));
    // The last second in which somebody seals is the last in which somebody believes.
    let sender = SealedSender::new(&alice.identity, &alice.certificate, now(day - 1)).unwrap();
    let text = confidant::SealedContent::Control(b"text");
    let sealed = sender.seal(&bob.party(), text, &mut rng).unwrap();
    let verify = |at| bob.open(&sealed).unwrap().verify(&office.roots, at).map(drop);
    assert_eq!(verify(now(day - 1)), Ok(()));
    assert_eq!(verify(now(day)), Err(CertificateError::Expired));
}

/// A certificate of a user at that provider, from a server under that root.
fn at_provider(root: &CertificateKey, provider: &str) -> SenderCertificate {
    let identity = Identity::generate(&mut TestRng::new(18)).unwrap().public();
    let (provider, user) = (Provider::new(provider).unwrap(), UserId::new("alice").unwrap());
    let party = Party::new(Address::new(provider, user, DeviceId::new(1)), identity);
    let server = root.certify(&key(SERVER_SEED).public(), NOW, now(100));
    CertificateIssuer::new(key(SERVER_SEED), server).unwrap().issue(&party, NOW, 50).unwrap()
}

/// a root that is pinned for a provider speaks for its users, and for nobody else's.
#[test]
fn a_root_speaks_for_its_provider() {
    let (ours, theirs) = (key([1; 32]), key([2; 32]));
    let pin = |roots: TrustRoots, provider: &str, root: &CertificateKey| {
        roots.pin_for(Provider::new(provider).unwrap(), root.public())
    };
    let nobody = || TrustRoots::new([]);
    let roots = pin(pin(nobody(), "our.example", &ours), "their.example", &theirs);
    let judge = |roots: &TrustRoots, root, provider| roots.check(&at_provider(root, provider), NOW);
    let unknown = Err(CertificateError::UnknownRoot);
    assert_eq!(judge(&roots, &ours, "our.example"), Ok(()));
    assert_eq!(judge(&roots, &theirs, "their.example"), Ok(()));
    assert_eq!(judge(&roots, &theirs, "our.example"), unknown);
    assert_eq!(judge(&roots, &ours, "their.example"), unknown);
    for other in ["", "our.exampl", "our.example.", "Our.example", "third.example"] {
        assert_eq!(judge(&roots, &ours, other), unknown, "{other}");
    }
    // The provider without a name is one like any.
    let nameless = pin(nobody(), "", &ours);
    assert_eq!(judge(&nameless, &ours, ""), Ok(()));
    assert_eq!(judge(&nameless, &ours, "our.example"), unknown);
}

/// one root for two providers, two roots for one, and one that speaks for all beside one that does not.
#[test]
fn a_provider_can_have_several_roots_and_a_root_several_providers() {
    let (one, two) = (key([1; 32]), key([2; 32]));
    let provider = |name: &str| Provider::new(name).unwrap();
    let judge = |roots: &TrustRoots, root, provider| roots.check(&at_provider(root, provider), NOW);
    let unknown = Err(CertificateError::UnknownRoot);
    let roots = TrustRoots::new([])
        .pin_for(provider("a"), one.public())
        .pin_for(provider("b"), one.public())
        .pin_for(provider("b"), two.public());
    for (root, name, expected) in [
        (&one, "a", Ok(())),
        (&one, "b", Ok(())),
        (&two, "b", Ok(())),
        (&two, "a", unknown),
        (&one, "c", unknown),
    ] {
        assert_eq!(judge(&roots, root, name), expected, "{name}");
    }
    // What speaks for all is not narrowed by what is pinned beside it.
    let roots = TrustRoots::new([one.public()]).pin_for(provider("b"), one.public());
    let roots = roots.pin_for(provider("b"), two.public());
    assert_eq!(judge(&roots, &one, "a"), Ok(()));
    assert_eq!(judge(&roots, &two, "b"), Ok(()));
    assert_eq!(judge(&roots, &two, "a"), unknown);
}

/// for whom a root speaks is found first, before signatures and revocations, which count as ever.
#[test]
fn a_providers_root_is_held_to_everything_else() {
    let (root, other) = (key([1; 32]), Provider::new("b").unwrap());
    let roots = TrustRoots::new([]).pin_for(Provider::new("a").unwrap(), root.public());
    let elsewhere = TrustRoots::new([]).pin_for(other, root.public());
    let revoked = |roots: &TrustRoots| roots.clone().revoke([key(SERVER_SEED).public().id()]);
    let certificate = at_provider(&root, "a");
    assert_eq!(roots.check(&certificate, NOW), Ok(()));
    assert_eq!(roots.check(&certificate, now(50)), Err(CertificateError::Expired));
    assert_eq!(revoked(&roots).check(&certificate, NOW), Err(CertificateError::Revoked));
    let unknown = Err(CertificateError::UnknownRoot);
    assert_eq!(revoked(&elsewhere).check(&certificate, NOW), unknown);
    // The name of the provider is signed: another one written into it helps nobody.
    let mut renamed = *certificate.as_bytes();
    assert_eq!(renamed[66..69], [1, 1, b'a']);
    renamed[68] = b'b';
    let renamed = SenderCertificate::decode(&renamed).unwrap();
    assert_eq!(elsewhere.check(&renamed, NOW), Err(CertificateError::BadSignature));
    assert_eq!(roots.check(&renamed, NOW), unknown);
}

/// An issuer has a certificate for its own key, and issues while that is valid, not beyond.
#[test]
fn a_server_issues_within_its_own_time() {
    let office = Office::new();
    let wrong = CertificateIssuer::new(key([5; 32]), office.server).map(drop);
    assert_eq!(wrong, Err(IssueError::WrongKey));
    let alice = Identity::generate(&mut TestRng::new(12)).unwrap().public();
    let alice = Party::new(address("alice"), alice);
    let end = (SERVER_DAYS * DAY).cast_signed();
    let expires = |at, lifetime| {
        office.issuer.issue(&alice, now(at), lifetime).map(|certificate| certificate.expires())
    };
    assert_eq!(expires(0, 1), Ok(now(1)));
    assert_eq!(expires(0, DAY), Ok(now(DAY.cast_signed())));
    assert_eq!(expires(end - 1, DAY), Ok(now(end)));
    assert_eq!(expires(0, u64::MAX), Ok(now(end)));
    let not = Err(IssueError::NotCertified);
    assert_eq!(expires(0, 0), not);
    assert_eq!(expires(-1, DAY), not);
    assert_eq!(expires(end, DAY), not);
    assert_eq!(expires(end + 1, u64::MAX), not);
}

/// certificates are of one length, for the shortest names and the longest.
#[test]
fn certificates_are_of_one_length() {
    let office = Office::new();
    let identity = Identity::generate(&mut TestRng::new(13)).unwrap().public();
    let issue = |provider: usize, user: usize| {
        let provider = Provider::new("p".repeat(provider)).unwrap();
        let user = UserId::new("u".repeat(user)).unwrap();
        let party = Party::new(Address::new(provider, user, DeviceId::new(u32::MAX)), identity);
        let certificate = office.issuer.issue(&party, NOW, DAY)?;
        assert_eq!(office.roots.check(&certificate, NOW), Ok(()));
        let again = SenderCertificate::decode(certificate.as_bytes()).unwrap();
        assert!(again == certificate);
        Ok(certificate.as_bytes().len())
    };
    let longest = MAX_CERTIFIED_NAMES;
    for (provider, user) in [(0, 1), (1, 1), (20, 20), (0, longest), (longest - 1, 1), (59, 60)] {
        assert_eq!(issue(provider, user), Ok(396), "{provider} {user}");
    }
    for (provider, user) in [(0, longest + 1), (longest, 1), (60, 60), (255, 255)] {
        assert_eq!(issue(provider, user), Err(IssueError::NamesTooLong), "{provider} {user}");
    }
}

/// certificates have one encoding, and one length.
#[test]
fn a_certificate_that_is_not_canonical_is_refused() {
    let (office, alice, ..) = scene(14);
    let (sender, server) = (alice.certificate.as_bytes(), office.server.as_bytes());
    for len in 0..sender.len() {
        let refused = SenderCertificate::decode(&sender[..len]).map(drop);
        assert_eq!(refused, Err(DecodeError::Truncated), "{len}");
    }
    for len in 0..server.len() {
        let refused = ServerCertificate::decode(&server[..len]).map(drop);
        assert_eq!(refused, Err(DecodeError::Truncated), "{len}");
    }
    let longer = |bytes: &[u8]| [bytes, &[0]].concat();
    let trailing = DecodeError::TrailingBytes;
    assert_eq!(SenderCertificate::decode(&longer(sender)).map(drop), Err(trailing));
    assert_eq!(ServerCertificate::decode(&longer(server)).map(drop), Err(trailing));
    assert_eq!(ServerCertificate::decode(sender).map(drop), Err(DecodeError::WrongKind));
    assert_eq!(SenderCertificate::decode(server).map(drop), Err(DecodeError::WrongKind));
    let changed = |at: usize, byte: u8| {
        let mut bytes = *sender;
        bytes[at] = byte;
        SenderCertificate::decode(&bytes).map(drop)
    };
    assert_eq!(changed(0, 2), Err(DecodeError::UnsupportedVersion));
    assert_eq!(changed(193, 1), Err(DecodeError::NotCanonical), "after the address");
    assert_eq!(changed(66, 2), Err(DecodeError::NotCanonical), "the address's tag");
    // Behind its tag and `example.org`, the user's: names that go beyond the field.
    for (at, len) in [(67, 0xff), (67, 127), (80, 0xff), (80, 111), (80, 108)] {
        assert_eq!(changed(at, len), Err(DecodeError::NotCanonical), "{at}: {len}");
    }
    assert_eq!(changed(210, 2), Err(DecodeError::UnsupportedVersion), "the server's");
    assert_eq!(changed(211, 0x31), Err(DecodeError::WrongKind), "the server's");
    let mut weak = *server;
    weak[10..42].fill(0);
    assert_eq!(ServerCertificate::decode(&weak).map(drop), Err(DecodeError::InvalidKey));
    assert!(ServerCertificate::decode(server).unwrap() == office.server);
}

/// Keys of roots and servers: from their seeds, by their public halves, with 32 bytes of randomness.
#[test]
fn certificate_keys_come_back_from_their_seeds() {
    let mut rng = TestRng::new(15);
    let made = CertificateKey::generate(&mut rng).unwrap();
    assert_eq!((rng.draws, rng.drawn), (1, 32));
    let again = key(*made.seed().expose());
    assert_eq!(again.public(), made.public());
    let bytes = made.public().to_bytes();
    assert_eq!(CertificatePublicKey::from_bytes(&bytes), Ok(made.public()));
    assert_eq!(CertificatePublicKey::from_bytes(&[0; 32]), Err(InvalidKey));
    assert_eq!(CertificatePublicKey::from_bytes(&[0xff; 32]), Err(InvalidKey));
    let id = forge::hash("confidant/v1/certificate/key-id", &[&bytes]);
    assert_eq!(made.public().id().as_bytes()[..], id[..8]);
    rng.fail_at = Some(rng.draws);
    assert_eq!(CertificateKey::generate(&mut rng).map(drop), Err(RandomnessFailed));
}
