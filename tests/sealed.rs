//! Sealed sender, the whole path: sealed, carried, opened, verified, and decrypted by a session with the sender alone.

mod common;
mod forge;
mod office;
mod village;

use std::collections::BTreeSet;

use common::{NOW, SUITES, TestRng, World, address, bobs};
use confidant::limits::SEALED_CONTENT;
use confidant::{
    AcceptError, Address, CertificateError, Context, DecodeError, DecryptError, DeviceId,
    DistributionError, GroupDecryptError, GroupSession, Identity, OpenError, Party, Policy,
    SealError, SealedContent, SealedError, SealedKind, SealedMessage, SealedSender, SealedUpload,
    SenderCertificate, Session, VerifiedSender,
};
use forge::sealed::{CONTROL, HEAD, Keys, MESSAGE, Sealing, content, secret_of};
use office::Office;
use village::Village;

/// A village whose devices are certified.
struct Town {
    village: Village,
    office: Office,
    certificates: Vec<SenderCertificate>,
    rng: TestRng,
}

const ALICE: usize = 0;
const BOB: usize = 1;
const CHARLIE: usize = 2;

impl Town {
    fn new(devices: usize, seed: u64) -> Self {
        let (village, office) = (Village::new(devices, seed), Office::new());
        let parties = village.devices.iter().map(village::Device::member);
        let certificates = parties.map(|party| office.certify(&party)).collect();
        Self { village, office, certificates, rng: TestRng::new(seed + 1) }
    }

    fn party(&self, of: usize) -> Party {
        self.village.devices[of].member()
    }

    /// `from` seals for `to`, who opens and verifies.
    fn carry(&mut self, from: usize, to: usize, content: SealedContent<'_>) -> VerifiedSender {
        let party = self.party(to);
        let identity = &self.village.devices[from].identity;
        let sender = SealedSender::new(identity, &self.certificates[from], NOW).unwrap();
        let sealed = sender.seal(&party, content, &mut self.rng).unwrap();
        let to = &self.village.devices[to];
        let opened = SealedMessage::decode(&sealed).unwrap().open(&to.identity, &to.address);
        opened.unwrap().verify(&self.office.roots, NOW).unwrap()
    }

    /// What `from` writes in its session with `to`, not sealed.
    fn write(&mut self, from: usize, to: usize, text: &[u8]) -> Vec<u8> {
        self.village.session(from, to).encrypt(text, &mut self.rng).unwrap()
    }

    /// Both have spoken.
    fn meet(&mut self, a: usize, b: usize) {
        self.village.carry(a, b, b"hello");
        self.village.carry(b, a, b"hello yourself");
    }

    fn snapshot(&mut self, of: usize, with: usize) -> Vec<u8> {
        self.village.session(of, with).snapshot().expose().to_vec()
    }

    /// Groups of everybody, each with everybody's keys. The keys travel sealed.
    fn groups(&mut self) -> Vec<GroupSession> {
        let all: Vec<usize> = (0..self.village.devices.len()).collect();
        let mut groups: Vec<_> = all.iter().map(|us| self.village.group(*us, 1, &all)).collect();
        for from in &all {
            groups[*from].rotate(NOW, &mut self.rng).unwrap();
            for to in all.iter().filter(|to| *to != from) {
                let session = self.village.session(*from, *to);
                let key = groups[*from].distribute(session.peer()).unwrap();
                let key = session.encrypt_distribution(&key, &mut self.rng).unwrap();
                let sealed = self.carry(*from, *to, SealedContent::Message(&key));
                let received = self.village.session(*to, *from).decrypt_sealed(&sealed).unwrap();
                groups[*to].receive(&received).unwrap();
            }
        }
        groups
    }
}

/// what Alice writes, Bob reads, and knows from whom.
#[test]
fn a_session_message_is_sealed_opened_verified_and_decrypted() {
    let mut town = Town::new(2, 1);
    town.meet(ALICE, BOB);
    for (from, to, text) in [(ALICE, BOB, &b"one"[..]), (BOB, ALICE, b"two"), (ALICE, BOB, b"")] {
        let inner = town.write(from, to, text);
        let sealed = town.carry(from, to, SealedContent::Message(&inner));
        assert_eq!(*sealed.party(), town.party(from));
        assert_eq!((sealed.kind(), sealed.control()), (SealedKind::Session, None));
        let received = town.village.session(to, from).decrypt_sealed(&sealed).unwrap();
        assert_eq!(received.plaintext.as_bytes(), text);
        let again = town.village.session(to, from).decrypt_sealed(&sealed);
        assert_eq!(again, Err(SealedError::Refused(DecryptError::Duplicate)));
    }
}

/// Associated data is given after the sender is known, and is not sent.
#[test]
fn associated_data_goes_beside_a_seal() {
    let mut town = Town::new(2, 2);
    town.meet(ALICE, BOB);
    let session = town.village.session(ALICE, BOB);
    let inner = session.encrypt_with(b"text", b"data", &mut TestRng::new(3)).unwrap();
    let sealed = town.carry(ALICE, BOB, SealedContent::Message(&inner));
    let bob = town.village.session(BOB, ALICE);
    let refused = Err(SealedError::Refused(DecryptError::Unauthentic));
    assert_eq!(bob.decrypt_sealed(&sealed), refused);
    let sealed = sealed.with_associated_data(b"other");
    assert_eq!(bob.decrypt_sealed(&sealed), refused);
    let sealed = sealed.with_associated_data(b"data");
    assert_eq!(bob.decrypt_sealed(&sealed).unwrap().plaintext.as_bytes(), b"text");
}

/// A world in which Alice's first message, and who else there is, are certified.
struct First {
    world: World,
    office: Office,
    charlie: office::Person,
    hello: Vec<u8>,
}

impl First {
    fn new(suite: confidant::Suite, seed: u64) -> Self {
        let mut world = World::new(suite, 1, seed);
        let office = Office::new();
        let charlie = office.person("charlie", &mut world.rng);
        let mut alice = world.initiate();
        let hello = alice.encrypt_with(b"hello", b"data", &mut world.rng).unwrap();
        Self { world, office, charlie, hello }
    }

    fn alice(&self) -> Party {
        Party::new(address("alice"), self.world.alice.public())
    }

    /// Seals for Bob, who opens and verifies.
    fn sealed_by(&mut self, identity: Option<&Identity>, party: &Party) -> VerifiedSender {
        let certificate = self.office.certify(party);
        let World { alice, bob, rng, .. } = &mut self.world;
        let sender = SealedSender::new(identity.unwrap_or(alice), &certificate, NOW).unwrap();
        let to = Party::new(address("bob"), bob.public());
        let sealed = sender.seal(&to, SealedContent::Message(&self.hello), rng).unwrap();
        let opened = SealedMessage::decode(&sealed).unwrap().open(bob, to.address()).unwrap();
        opened.verify(&self.office.roots, NOW).unwrap().with_associated_data(b"data")
    }

    fn accept(
        &mut self,
        sealed: &VerifiedSender,
        context: &Context,
    ) -> Result<Session, SealedError<AcceptError>> {
        let World { bob, prekeys, .. } = &mut self.world;
        let accepted = Session::accept_sealed(bob, prekeys, sealed, context, NOW)?;
        assert_eq!(accepted.received.plaintext.as_bytes(), b"hello");
        Ok(accepted.session)
    }

    fn store(&self) -> Vec<u8> {
        self.world.prekeys.snapshot().expose().to_vec()
    }
}

/// a first message begins a session with the verified sender, and is recognised when it comes again.
#[test]
fn a_first_message_is_accepted_under_a_seal() {
    for suite in SUITES {
        let mut first = First::new(*suite, 4);
        let sealed = first.sealed_by(None, &first.alice());
        assert_eq!(sealed.kind(), SealedKind::Session);
        let mut bob = first.accept(&sealed, &bobs()).unwrap();
        assert_eq!(Party::from(bob.peer()), *sealed.party());
        assert!(bob.began_with_sealed(&sealed));
        let again = bob.decrypt_sealed(&sealed);
        assert_eq!(again, Err(SealedError::Refused(DecryptError::Duplicate)));
        let refused = first.accept(&sealed, &bobs()).unwrap_err();
        assert!(matches!(refused, SealedError::Refused(AcceptError::UnknownPreKey(_))));
        let reply = bob.encrypt(b"reply", &mut first.world.rng).unwrap();
        assert!(!reply.is_empty());

        let mut other = First::new(*suite, 5);
        let others = other.sealed_by(None, &other.alice());
        assert!(!bob.began_with_sealed(&others));
    }
}

/// The associated data of a first message, too.
#[test]
fn a_first_message_keeps_its_associated_data() {
    let mut first = First::new(SUITES[0], 6);
    let sealed = first.sealed_by(None, &first.alice()).with_associated_data(b"");
    let refused = first.accept(&sealed, &bobs()).map(drop);
    assert_eq!(refused, Err(SealedError::Refused(AcceptError::Unauthentic)));
    assert!(first.accept(&sealed.with_associated_data(b"data"), &bobs()).is_ok());
}

/// Charlie's certificate before Alice's first message begins nothing, whoever the caller thinks that it is from.
#[test]
fn a_first_message_of_another_is_refused() {
    for suite in SUITES {
        let mut first = First::new(*suite, 7);
        let before = first.store();
        let seed = *first.charlie.identity.seed().expose();
        let charlie = Identity::from_seed(confidant::Secret::init_with(|out| *out = seed));
        let spliced = first.sealed_by(Some(&charlie), &first.charlie.party());
        let from = |user| Context::new(address("bob"), address(user));
        for user in ["alice", "charlie"] {
            let context = from(user).policy(Policy::ClassicalAllowed);
            let refused = first.accept(&spliced, &context).map(drop);
            assert_eq!(refused, Err(SealedError::WrongSender), "{user}");
        }
        // Alice's key, certified for an address that the message was not written at.
        let device = Address::new(
            address("alice").provider().clone(),
            address("alice").user().clone(),
            DeviceId::new(2),
        );
        let elsewhere = first.sealed_by(None, &Party::new(device.clone(), first.alice_identity()));
        let refused = first.accept(&elsewhere, &bobs()).map(drop);
        assert_eq!(refused, Err(SealedError::WrongSender));
        let context = Context::new(address("bob"), device).policy(Policy::ClassicalAllowed);
        let refused = first.accept(&elsewhere, &context).map(drop);
        assert_eq!(refused, Err(SealedError::Refused(AcceptError::Unauthentic)));
        assert_eq!(first.store(), before, "nothing was used up");
        let honest = first.sealed_by(None, &first.alice());
        assert!(first.accept(&honest, &bobs()).is_ok());
    }
}

impl First {
    fn alice_identity(&self) -> confidant::PublicIdentity {
        self.world.alice.public()
    }
}

/// Alice's certificate before what Charlie wrote to Bob: no session of Bob's reads it, and none changes.
#[test]
fn a_session_message_of_another_is_refused() {
    let mut town = Town::new(3, 8);
    town.meet(ALICE, BOB);
    town.meet(CHARLIE, BOB);
    let inner = town.write(CHARLIE, BOB, b"charlie's words");
    let spliced = town.carry(ALICE, BOB, SealedContent::Message(&inner));
    assert_eq!(*spliced.party(), town.party(ALICE));
    let before = [town.snapshot(BOB, CHARLIE), town.snapshot(BOB, ALICE)];
    let with_charlie = town.village.session(BOB, CHARLIE).decrypt_sealed(&spliced);
    assert_eq!(with_charlie, Err(SealedError::WrongSender));
    let with_alice = town.village.session(BOB, ALICE).decrypt_sealed(&spliced);
    assert_eq!(with_alice, Err(SealedError::Refused(DecryptError::Unauthentic)));
    assert_eq!([town.snapshot(BOB, CHARLIE), town.snapshot(BOB, ALICE)], before);

    let honest = town.carry(CHARLIE, BOB, SealedContent::Message(&inner));
    let received = town.village.session(BOB, CHARLIE).decrypt_sealed(&honest).unwrap();
    assert_eq!(received.plaintext.as_bytes(), b"charlie's words");
}

/// the same identity at another device is another sender; so is another identity at the same address.
#[test]
fn a_sender_is_an_address_and_an_identity() {
    let mut town = Town::new(3, 9);
    town.meet(ALICE, BOB);
    let inner = town.write(ALICE, BOB, b"from device 1");
    let alice = town.party(ALICE);
    let (provider, user) = (alice.address().provider().clone(), alice.address().user().clone());
    let second = Address::new(provider, user, DeviceId::new(2));
    let honest = town.certificates[ALICE].clone();
    town.certificates[ALICE] = town.office.certify(&Party::new(second, *alice.identity()));
    let at_charlies = Party::new(alice.address().clone(), *town.party(CHARLIE).identity());
    town.certificates[CHARLIE] = town.office.certify(&at_charlies);
    for from in [ALICE, CHARLIE] {
        let sealed = town.carry(from, BOB, SealedContent::Message(&inner));
        let before = town.snapshot(BOB, ALICE);
        let refused = town.village.session(BOB, ALICE).decrypt_sealed(&sealed);
        assert_eq!(refused, Err(SealedError::WrongSender));
        assert_eq!(town.snapshot(BOB, ALICE), before);
    }
    town.certificates[ALICE] = honest;
    let sealed = town.carry(ALICE, BOB, SealedContent::Message(&inner));
    assert!(town.village.session(BOB, ALICE).decrypt_sealed(&sealed).is_ok());
}

/// a group message is read as its sender's, and only behind its sender's certificate.
#[test]
fn a_group_message_is_its_senders() {
    let mut town = Town::new(3, 10);
    let mut groups = town.groups();
    let inner = groups[CHARLIE].encrypt(b"to all", b"data", NOW, &mut town.rng).unwrap();
    let spliced = town.carry(ALICE, BOB, SealedContent::Message(&inner));
    let spliced = spliced.with_associated_data(b"data");
    assert_eq!(spliced.kind(), SealedKind::Group);
    let bob = &mut groups[BOB];
    let before = bob.snapshot().expose().to_vec();
    assert_eq!(bob.decrypt_sealed(&spliced), Err(SealedError::WrongSender));
    assert_eq!(bob.snapshot().expose(), before);

    let honest = town.carry(CHARLIE, BOB, SealedContent::Message(&inner));
    let refused = Err(SealedError::Refused(GroupDecryptError::Unauthentic));
    assert_eq!(bob.decrypt_sealed(&honest), refused, "without its associated data");
    assert_eq!(bob.snapshot().expose(), before);
    let honest = honest.with_associated_data(b"data");
    let received = bob.decrypt_sealed(&honest).unwrap();
    assert_eq!(received.plaintext.as_bytes(), b"to all");
    assert_eq!(Party::from(received.from()), *honest.party());
    let again = Err(SealedError::Refused(GroupDecryptError::Duplicate));
    assert_eq!(bob.decrypt_sealed(&honest), again);
}

/// a group message that is sealed for the whole group is read by everybody but its sender, whose own copy ends at the seal.
#[test]
fn a_group_message_is_sealed_for_the_whole_group() {
    let mut town = Town::new(3, 33);
    let mut groups = town.groups();
    let inner = groups[ALICE].encrypt(b"to all", b"", NOW, &mut town.rng).unwrap();
    let all = town.village.members(0..3);
    let identity = &town.village.devices[ALICE].identity;
    let sender = SealedSender::new(identity, &town.certificates[ALICE], NOW).unwrap();
    let upload = sender.seal_many(&all, SealedContent::Message(&inner), &mut town.rng).unwrap();
    let upload = SealedUpload::decode(&upload).unwrap();
    let listed: Vec<Address> = upload.views().map(|(to, _)| to).collect();
    assert!(listed.iter().eq(all.iter().map(Party::address)));
    for (at, (to, view)) in upload.views().enumerate() {
        let opened = view.open(&town.village.devices[at].identity, &to);
        if at == ALICE {
            assert_eq!(opened.map(drop), Err(OpenError::FromOurselves));
            continue;
        }
        let sealed = opened.unwrap().verify(&town.office.roots, NOW).unwrap();
        let received = groups[at].decrypt_sealed(&sealed).unwrap();
        assert_eq!(received.plaintext.as_bytes(), b"to all");
        assert_eq!(Party::from(received.from()), all[ALICE]);
    }
}

/// a group key that came sealed is from the session's peer, as ever: it cannot be passed on under another's seal.
#[test]
fn a_group_key_under_anothers_seal_is_refused() {
    let mut town = Town::new(3, 11);
    let mut groups = town.groups();
    groups[CHARLIE].rotate(NOW, &mut town.rng).unwrap();
    let session = town.village.session(CHARLIE, BOB);
    let key = groups[CHARLIE].distribute(session.peer()).unwrap();
    let key = session.encrypt_distribution(&key, &mut town.rng).unwrap();
    let spliced = town.carry(ALICE, BOB, SealedContent::Message(&key));
    let refused = town.village.session(BOB, CHARLIE).decrypt_sealed(&spliced);
    assert_eq!(refused, Err(SealedError::WrongSender));
    let honest = town.carry(CHARLIE, BOB, SealedContent::Message(&key));
    let received = town.village.session(BOB, CHARLIE).decrypt_sealed(&honest).unwrap();
    assert_eq!(groups[BOB].receive(&received), Ok(()));
    let text = town.write(CHARLIE, BOB, b"a text");
    let text = town.carry(CHARLIE, BOB, SealedContent::Message(&text));
    let received = town.village.session(BOB, CHARLIE).decrypt_sealed(&text).unwrap();
    assert_eq!(groups[BOB].receive(&received), Err(DistributionError::NotADistribution));
}

/// Each kind of content is for one kind of session.
#[test]
fn what_is_inside_goes_to_its_kind_of_session() {
    let mut town = Town::new(2, 12);
    let mut groups = town.groups();
    town.meet(ALICE, BOB);
    let pairwise = town.write(ALICE, BOB, b"pairwise");
    let group = groups[ALICE].encrypt(b"group", b"", NOW, &mut town.rng).unwrap();
    let pairwise = town.carry(ALICE, BOB, SealedContent::Message(&pairwise));
    let group = town.carry(ALICE, BOB, SealedContent::Message(&group));
    let control = town.carry(ALICE, BOB, SealedContent::Control(b"please resend"));
    assert_eq!(control.kind(), SealedKind::Control);
    assert_eq!(control.control(), Some(&b"please resend"[..]));
    assert_eq!((pairwise.control(), group.control()), (None, None));

    let session = town.village.session(BOB, ALICE);
    assert_eq!(session.decrypt_sealed(&group), Err(SealedError::WrongKind));
    assert_eq!(session.decrypt_sealed(&control), Err(SealedError::WrongKind));
    assert!(!session.began_with_sealed(&group) && !session.began_with_sealed(&control));
    assert_eq!(groups[BOB].decrypt_sealed(&pairwise), Err(SealedError::WrongKind));
    assert_eq!(groups[BOB].decrypt_sealed(&control), Err(SealedError::WrongKind));
    let mut first = First::new(SUITES[0], 13);
    // Neither a message of a session that exists, nor what is no session's.
    for sealed in [&pairwise, &group, &control] {
        let refused = first.accept(sealed, &bobs()).map(drop);
        assert_eq!(refused, Err(SealedError::WrongKind));
    }
    // Bytes of a pre-key message, said to be a control message.
    let hello = first.hello.clone();
    let control = town.carry(ALICE, BOB, SealedContent::Control(&hello));
    assert_eq!(control.control(), Some(&hello[..]));
    assert_eq!(first.accept(&control, &bobs()).map(drop), Err(SealedError::WrongKind));
}

/// A control message may be empty, and may be as long as anything.
#[test]
fn control_messages_of_any_length_arrive() {
    let mut town = Town::new(2, 14);
    for len in [0, 1, 622, 623, 624, 16_384, 100_000] {
        let text = vec![7; len];
        let control = town.carry(ALICE, BOB, SealedContent::Control(&text));
        assert_eq!(control.control(), Some(&text[..]), "{len}");
    }
}

/// Only for whom it was sealed: the identity and the address.
#[test]
fn nobody_but_the_recipient_opens() {
    let mut rng = TestRng::new(15);
    let office = Office::new();
    let [alice, bob, eve] = ["alice", "bob", "eve"].map(|user| office.person(user, &mut rng));
    let sealed = alice.say(&bob, b"for Bob", &mut rng);
    assert!(bob.open(&sealed).is_ok());
    let message = SealedMessage::decode(&sealed).unwrap();
    let other_device =
        Address::new(bob.address.provider().clone(), bob.address.user().clone(), DeviceId::new(2));
    let wrong = [
        (&eve.identity, &eve.address),
        (&eve.identity, &bob.address),
        (&bob.identity, &eve.address),
        (&bob.identity, &other_device),
        (&alice.identity, &alice.address),
        (&alice.identity, &bob.address),
    ];
    for (identity, address) in wrong {
        let refused = message.open(identity, address).map(drop);
        assert_eq!(refused, Err(OpenError::Unauthentic), "{address:?}");
    }
}

/// E is M's, or nothing opens: here all is right but E, which the sender has chosen.
#[test]
fn an_ephemeral_key_that_is_not_of_m_is_refused() {
    let mut rng = TestRng::new(16);
    let office = Office::new();
    let [alice, bob] = ["alice", "bob"].map(|user| office.person(user, &mut rng));
    let padded = content(alice.certificate.as_bytes(), CONTROL, b"text");
    let secret = secret_of(&alice.identity, bob.party().identity());
    let m = [7; 32];
    let send = |ephemeral| {
        let sealing = Sealing::with_ephemeral(m, ephemeral, &padded);
        bob.open(&sealing.message(&secret, &alice.party(), &bob.party())).map(drop)
    };
    assert_eq!(send([9; 32]), Err(OpenError::Unauthentic));
    assert_eq!(send(Keys::of(&[8; 32]).ephemeral), Err(OpenError::Unauthentic));
    assert_eq!(send(Keys::of(&m).ephemeral), Ok(()), "what the forger makes is right otherwise");
}

/// R-85, as it is: whoever holds the recipient's key can seal in anybody's name, and a control message then is what he likes.
/// A message of a session is not.
#[test]
fn who_holds_the_recipients_key_forges_the_seal_but_not_the_message() {
    let mut town = Town::new(2, 17);
    town.meet(ALICE, BOB);
    let old = town.write(ALICE, BOB, b"old");
    let (alice, bob) = (town.party(ALICE), town.party(BOB));
    let certificate = town.certificates[ALICE].as_bytes();
    let device = &town.village.devices[BOB];
    // DH(S, R) with R's secret alone.
    let secret = secret_of(&device.identity, alice.identity());
    let forge = |kind, bytes: &[u8]| {
        let sealing = Sealing::new([3; 32], &content(certificate, kind, bytes));
        let sealed = sealing.message(&secret, &alice, &bob);
        let opened = SealedMessage::decode(&sealed).unwrap().open(&device.identity, bob.address());
        opened.unwrap().verify(&town.office.roots, NOW).unwrap()
    };
    let control = forge(CONTROL, b"Alice never said this");
    assert_eq!(*control.party(), alice);
    assert_eq!(control.control(), Some(&b"Alice never said this"[..]));
    let mut changed = old.clone();
    *changed.last_mut().unwrap() ^= 1;
    let message = forge(MESSAGE, &changed);
    let before = town.snapshot(BOB, ALICE);
    let refused = town.village.session(BOB, ALICE).decrypt_sealed(&message);
    assert_eq!(refused, Err(SealedError::Refused(DecryptError::Unauthentic)));
    assert_eq!(town.snapshot(BOB, ALICE), before);
}

/// R-85, as it is: a seal by itself can be opened again. What is inside a session is read once; a control message is not, but the
/// repetition has the same id, and no other message has it.
#[test]
fn a_control_message_can_be_repeated_by_the_relay() {
    let mut rng = TestRng::new(28);
    let office = Office::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|user| office.person(user, &mut rng));
    let text = b"please resend";
    let sealed = alice.say(&bob, text, &mut rng);
    let first = office.read(&bob, &sealed);
    let again = office.read(&bob, &sealed);
    assert_eq!((first.control(), again.control()), (Some(&text[..]), Some(&text[..])));
    assert_eq!(first.id(), again.id());
    assert_eq!(first.id()[..], sealed[66..HEAD], "the tag");
    assert_eq!(again.with_associated_data(b"data").id(), first.id());
    let mut seen = BTreeSet::from([*first.id()]);
    // The same text once more, another text, from another, and to another.
    for (from, to, text) in [
        (&alice, &bob, &text[..]),
        (&alice, &bob, b"please"),
        (&carol, &bob, text),
        (&alice, &carol, text),
    ] {
        let sealed = from.say(to, text, &mut rng);
        assert!(seen.insert(*office.read(to, &sealed).id()));
    }
}

/// A seal for ourselves is made like any, and ends when it comes back: whatever is in it.
#[test]
fn what_we_seal_for_ourselves_is_from_ourselves() {
    let mut rng = TestRng::new(30);
    let office = Office::new();
    let [alice, bob] = ["alice", "bob"].map(|user| office.person(user, &mut rng));
    let group = [&[1, 4][..], &[7; 300]].concat();
    for content in [SealedContent::Control(b"note to self"), SealedContent::Message(&group)] {
        let sealed = alice.sender().seal(&alice.party(), content, &mut rng).unwrap();
        assert_eq!(alice.open(&sealed).map(drop), Err(OpenError::FromOurselves));
        assert_eq!(bob.open(&sealed).map(drop), Err(OpenError::Unauthentic));
    }
    // At our address and with another's identity it is for that one, who cannot have our address.
    let impostor = Party::new(alice.address.clone(), bob.identity.public());
    let note = SealedContent::Control(b"note");
    let sealed = alice.sender().seal(&impostor, note, &mut rng).unwrap();
    assert_eq!(alice.open(&sealed).map(drop), Err(OpenError::Unauthentic));
    let message = SealedMessage::decode(&sealed).unwrap();
    let opened = message.open(&bob.identity, &alice.address).map(drop);
    assert_eq!(opened, Err(OpenError::FromOurselves));
}

/// a server that certifies somebody else at our own address gives us no message from him; at another address he is like any.
#[test]
fn somebody_else_who_is_certified_at_our_address_is_refused() {
    let mut rng = TestRng::new(31);
    let office = Office::new();
    let bob = office.person("bob", &mut rng);
    let ghost = office.person("bob", &mut rng);
    assert_ne!(ghost.identity.public(), bob.identity.public());
    for text in [&b"please resend"[..], b""] {
        let sealed = ghost.say(&bob, text, &mut rng);
        assert_eq!(bob.open(&sealed).map(drop), Err(OpenError::FromOurselves));
    }
    let second =
        Address::new(bob.address.provider().clone(), bob.address.user().clone(), DeviceId::new(2));
    let second = office.person_at(second, &mut rng);
    let sealed = second.say(&bob, b"from our other device", &mut rng);
    assert_eq!(*office.read(&bob, &sealed).party(), second.party());
}

/// nothing is verified yet when our own address is found: a certificate that nobody has signed is enough to have it said.
#[test]
fn from_ourselves_proves_nothing() {
    let mut rng = TestRng::new(34);
    let office = Office::new();
    let [bob, mallory] = ["bob", "mallory"].map(|user| office.person(user, &mut rng));
    let mut unsigned = *bob.certificate.as_bytes();
    unsigned[2..66].copy_from_slice(&mallory.identity.public().to_bytes());
    let certificate = SenderCertificate::decode(&unsigned).unwrap();
    let refused = office.roots.check(&certificate, NOW);
    assert_eq!(refused, Err(CertificateError::BadSignature));
    let sender = SealedSender::new(&mallory.identity, &certificate, NOW).unwrap();
    let text = SealedContent::Control(b"text");
    let sealed = sender.seal(&bob.party(), text, &mut rng).unwrap();
    assert_eq!(bob.open(&sealed).map(drop), Err(OpenError::FromOurselves));
}

/// From whom it is, is the last that is found: what is malformed or has no right tag is that.
#[test]
fn from_ourselves_is_found_last() {
    let mut rng = TestRng::new(32);
    let bob = Office::new().person("bob", &mut rng);
    let secret = secret_of(&bob.identity, bob.party().identity());
    let opens = |padded: &[u8], secret: &[u8; 32]| {
        bob.open(&Sealing::new([6; 32], padded).message(secret, &bob.party(), &bob.party()))
            .map(drop)
    };
    let certificate = bob.certificate.as_bytes();
    let good = content(certificate, CONTROL, b"text");
    assert_eq!(opens(&good, &secret), Err(OpenError::FromOurselves));
    assert_eq!(opens(&good, &[8; 32]), Err(OpenError::Unauthentic));
    let wrong_kind = Err(OpenError::Malformed(DecodeError::WrongKind));
    assert_eq!(opens(&content(certificate, 3, b"text"), &secret), wrong_kind);
    assert_eq!(opens(&content(certificate, MESSAGE, &[1, 3]), &[8; 32]), wrong_kind);
}

/// What can be wrong with what is to be sealed, each by its name; nothing is drawn then.
#[test]
fn what_cannot_be_sealed_is_refused_by_name() {
    let mut rng = TestRng::new(18);
    let office = Office::new();
    let [alice, bob] = ["alice", "bob"].map(|user| office.person(user, &mut rng));
    let wrong = SealedSender::new(&alice.identity, &bob.certificate, NOW).map(drop);
    assert_eq!(wrong, Err(SealError::WrongCertificate));
    let mut draws = TestRng::new(19);
    let mut seal = |to: &Party, content| alice.sender().seal(to, content, &mut draws).map(drop);
    let longest = SEALED_CONTENT[14] - 401;
    let long = vec![7; longest + 1];
    assert_eq!(seal(&bob.party(), SealedContent::Control(&long)), Err(SealError::TooLong));
    let mut group = vec![7; longest + 1];
    group[..2].copy_from_slice(&[1, 4]);
    assert_eq!(seal(&bob.party(), SealedContent::Message(&group)), Err(SealError::TooLong));
    assert_eq!(seal(&bob.party(), SealedContent::Message(b"")), Err(SealError::NotAMessage));
    assert_eq!(draws.draws, 0);
}

/// The longest content there is.
#[test]
#[cfg_attr(debug_assertions, ignore = "16 MiB: for an optimised build")]
fn the_longest_content_is_sealed() {
    let mut town = Town::new(2, 20);
    let text = vec![7; SEALED_CONTENT[14] - 401];
    let control = town.carry(ALICE, BOB, SealedContent::Control(&text));
    assert_eq!(control.control().map(<[u8]>::len), Some(text.len()));
}

/// A message is what a session or group has encrypted: no text, and no key.
#[test]
fn what_is_no_message_is_not_sealed_as_one() {
    let mut town = Town::new(2, 21);
    town.meet(ALICE, BOB);
    let message = town.write(ALICE, BOB, b"text");
    let first = First::new(SUITES[0], 22).hello;
    let with_start = |start: &[u8]| [start, &message[start.len()..]].concat();
    let (alice, bob) = (&town.village.devices[ALICE], town.party(BOB));
    let sender = SealedSender::new(&alice.identity, &town.certificates[ALICE], NOW).unwrap();
    let mut rng = TestRng::new(23);
    let none: [&[u8]; 12] = [
        b"",
        b"meet me at noon",
        &[1],
        &[1, 3],
        &with_start(&[1, 3]),
        &with_start(&[1, 0x10]),
        &with_start(&[1, 0x20]),
        &with_start(&[2, 2]),
        &with_start(&[2, 4]),
        &with_start(&[1, 1]),
        &message[..113],
        &first[..120],
    ];
    for bytes in none {
        let refused = sender.seal(&bob, SealedContent::Message(bytes), &mut rng);
        assert_eq!(refused, Err(SealError::NotAMessage), "{:02x?}", &bytes[..bytes.len().min(4)]);
        assert!(sender.seal(&bob, SealedContent::Control(bytes), &mut rng).is_ok());
    }
    for bytes in [&message, &first, &with_start(&[1, 5]), &with_start(&[1, 4])] {
        assert!(sender.seal(&bob, SealedContent::Message(bytes), &mut rng).is_ok());
    }
}

/// a generator that fails is an error, and the same sender seals with the next one. One draw of 32 bytes.
#[test]
fn a_seal_draws_32_bytes_or_fails() {
    let mut rng = TestRng::new(24);
    let office = Office::new();
    let [alice, bob] = ["alice", "bob"].map(|user| office.person(user, &mut rng));
    let (sender, to) = (alice.sender(), bob.party());
    let text = SealedContent::Control(b"text");
    let mut failing = TestRng::new(25);
    failing.fail_at = Some(0);
    assert_eq!(sender.seal(&to, text, &mut failing), Err(SealError::Randomness));
    assert_eq!(sender.seal_many([&to], text, &mut failing), Err(SealError::Randomness));
    let mut counting = TestRng::new(25);
    let sealed = sender.seal(&to, text, &mut counting).unwrap();
    assert_eq!((counting.draws, counting.drawn), (1, 32));
    sender.seal_many([&to], text, &mut counting).unwrap();
    assert_eq!((counting.draws, counting.drawn), (2, 64));
    // The failure has left no trace in what comes next.
    assert_eq!(sender.seal(&to, text, &mut TestRng::new(25)), Ok(sealed));
}

/// a generator that repeats itself gives one M only for one content of one sender.
#[test]
fn a_repeating_generator_gives_other_keys_for_other_contents() {
    let mut rng = TestRng::new(26);
    let office = Office::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|user| office.person(user, &mut rng));
    let again = || TestRng::new(27);
    let ephemeral = |sealed: &[u8]| <[u8; 32]>::try_from(&sealed[2..34]).unwrap();
    let first = alice.say(&carol, b"one", &mut again());
    assert_eq!(first, alice.say(&carol, b"one", &mut again()));
    assert_ne!(ephemeral(&first), ephemeral(&alice.say(&carol, b"two", &mut again())));
    assert_ne!(ephemeral(&first), ephemeral(&bob.say(&carol, b"one", &mut again())));
    // The same text as a message of another kind, or behind a newer certificate.
    let group = [&[1, 4][..], &[7; 300]].concat();
    let seal = |content| alice.sender().seal(&carol.party(), content, &mut again()).unwrap();
    let (message, control) = (SealedContent::Message(&group), SealedContent::Control(&group));
    assert_ne!(ephemeral(&seal(message)), ephemeral(&seal(control)));
    let newer = office.issuer.issue(&alice.party(), NOW, office::DAY + 1).unwrap();
    let newer = SealedSender::new(&alice.identity, &newer, NOW).unwrap();
    let newer = newer.seal(&carol.party(), SealedContent::Control(b"one"), &mut again()).unwrap();
    assert_ne!(ephemeral(&first), ephemeral(&newer));
    // The same for another recipient: one content, and so one shared part.
    assert_eq!(ephemeral(&first), ephemeral(&alice.say(&bob, b"one", &mut again())));
}
