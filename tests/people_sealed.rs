//! Sealed messages for records: from the certified device alone, and with the identity of its sessions.

mod common;
mod office;
mod town;

use common::{NOW, TestRng};
use confidant::{
    DecryptError, Identity, Incoming, MessageId, ReceiveError, SealedContent, SealedMessage,
    SealedSender, Secret, UnixTime, UserRecord, VerifiedSender,
};
use office::{Office, Person};
use town::{Device, Town, text};

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

fn introduced(seed: u64) -> Town {
    let mut town = Town::new(&["alice", "bob", "carol"], seed);
    town.introduce(ALICE, BOB);
    town
}

/// What Bob makes of a message that `from` has sealed.
fn sealed(town: &Town, office: &Office, from: usize, message: &[u8]) -> VerifiedSender {
    let (from, bob) = (&town.devices[from], &town.devices[BOB]);
    let certificate = office.certify(&from.party());
    let sender = SealedSender::new(&from.account.identity, &certificate, NOW).unwrap();
    let mut rng = TestRng::new(1);
    let content = SealedContent::Message(message);
    let sealed = sender.seal(&bob.party(), content, &mut rng).unwrap();
    let opened = SealedMessage::decode(&sealed).unwrap();
    let opened = opened.open(&bob.account.identity, &bob.account.address).unwrap();
    opened.verify(&office.roots, NOW).unwrap()
}

fn read(
    town: &mut Town,
    user: usize,
    sealed: &VerifiedSender,
) -> Result<confidant::Delivery, ReceiveError> {
    let address = town.address(user);
    let (record, mut us) = town.devices[BOB].with(&address, NOW);
    let read = record.decrypt_sealed(&mut us, sealed)?;
    Ok(town.devices[BOB].commit(read))
}

/// a first message and a later one, sealed, are read in the record of the certified device.
#[test]
fn sealed_messages_are_read_in_the_senders_record() {
    let (office, mut town) = (Office::new(), introduced(1));
    let later = town.write(ALICE, BOB, b"later");
    let later = sealed(&town, &office, ALICE, &later);
    assert_eq!(text(&read(&mut town, ALICE, &later).unwrap()), Some(&b"later"[..]));
    town.begin(CAROL, BOB);
    let first = town.write(CAROL, BOB, b"first");
    let first = sealed(&town, &office, CAROL, &first);
    assert_eq!(text(&read(&mut town, CAROL, &first).unwrap()), Some(&b"first"[..]));
}

/// what Alice has encrypted, Carol cannot pass off as hers, nor may one's certificate be put before another's first message.
#[test]
fn one_certificate_and_anothers_words_do_not_go_together() {
    let (office, mut town) = (Office::new(), introduced(2));
    let message = town.write(ALICE, BOB, b"Alice's");
    let swapped = sealed(&town, &office, CAROL, &message);
    assert_eq!(read(&mut town, ALICE, &swapped).unwrap_err(), ReceiveError::WrongSender);
    assert_eq!(read(&mut town, CAROL, &swapped).unwrap_err(), ReceiveError::NoSession);
    town.begin(ALICE, BOB);
    let first = town.write(ALICE, BOB, b"Alice's");
    let swapped = sealed(&town, &office, CAROL, &first);
    assert_eq!(read(&mut town, CAROL, &swapped).unwrap_err(), ReceiveError::WrongSender);

    // The same address, certified for another identity.
    let mut rng = TestRng::new(3);
    let impostor = Device::new(town.address(ALICE), &mut rng);
    let message = town.write(ALICE, BOB, b"Alice's");
    let genuine = std::mem::replace(&mut town.devices[ALICE], impostor);
    let swapped = sealed(&town, &office, ALICE, &message);
    assert_eq!(read(&mut town, ALICE, &swapped).unwrap_err(), ReceiveError::WrongSender);
    town.devices[ALICE] = genuine;
    let own = sealed(&town, &office, ALICE, &message);
    read(&mut town, ALICE, &own).unwrap();
}

/// A record binds its messages to no associated data: what is said to have some is refused, and nothing changes.
#[test]
fn associated_data_is_refused() {
    let (office, mut town) = (Office::new(), introduced(9));
    let message = town.write(ALICE, BOB, b"later");
    let bound = sealed(&town, &office, ALICE, &message).with_associated_data(b"a room");
    let before = town.devices[BOB].state();
    let refused = read(&mut town, ALICE, &bound).unwrap_err();
    assert_eq!(refused, ReceiveError::Decrypt(DecryptError::Unauthentic));
    assert_eq!(town.devices[BOB].state(), before);
    let unbound = bound.with_associated_data(b"");
    assert_eq!(text(&read(&mut town, ALICE, &unbound).unwrap()), Some(&b"later"[..]));
}

/// A control message, or one of a group, is none of a record's.
#[test]
fn other_content_is_not_read() {
    let (office, mut town) = (Office::new(), introduced(4));
    let mut rng = TestRng::new(5);
    let seed = *town.devices[BOB].account.identity.seed().expose();
    let bob = Person {
        identity: Identity::from_seed(Secret::init_with(|out| *out = seed)),
        address: town.address(BOB),
        certificate: office.certify(&town.devices[BOB].party()),
    };
    let alice = office.person_at(town.address(ALICE), &mut rng);
    let control = alice.say(&bob, b"I could not decrypt", &mut rng);
    let control = office.read(&bob, &control);
    assert_eq!(read(&mut town, ALICE, &control).unwrap_err(), ReceiveError::WrongKind);
}

/// What a sealed message carries can be asked for, though its bytes are not given out.
#[test]
fn a_sealed_message_can_be_asked_for() {
    let (office, mut town) = (Office::new(), introduced(6));
    let message = town.try_write(ALICE, BOB, b"hello").unwrap();
    let received = sealed(&town, &office, ALICE, &message.message);
    assert_eq!(MessageId::of_sealed(&received), *message.sent.id());
    let (alice, mut rng) = (town.address(ALICE), TestRng::new(7));
    let (record, mut us) = town.devices[BOB].with_device(&alice, NOW);
    let id = MessageId::of_sealed(&received);
    let asked = record.could_not_decrypt(&mut us, &id, &mut rng).unwrap();
    let asked = town.devices[BOB].commit(asked);
    match town.read(ALICE, BOB, &asked.message).incoming {
        Incoming::RetryRequest(request) => assert_eq!(request.matches(&message.sent), Ok(())),
        other => panic!("{other:?}"),
    }
}

/// A record is the sender's for as long as its address is: another user's is not tried.
#[test]
fn another_users_record_is_not_tried() {
    let (office, mut town) = (Office::new(), introduced(8));
    let message = town.write(ALICE, BOB, b"hello");
    let received = sealed(&town, &office, ALICE, &message);
    let mut record = UserRecord::new(town::address("dave", 1));
    let mut us = town.devices[BOB].account.us(UnixTime::from_secs(NOW.as_secs()));
    let refused = record.decrypt_sealed(&mut us, &received).unwrap_err();
    assert_eq!(refused, ReceiveError::WrongSender);
}
