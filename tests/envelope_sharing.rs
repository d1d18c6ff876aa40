//! What is shared by a code, keys of calls, and secrets of one-time passwords: R-102, R-142.

mod common;
mod second;
mod vault;

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use common::TestRng;
use confidant::limits::{
    MAX_CALL_EPOCH, MAX_CALL_JUMP, MAX_COMPATIBLE_MESSAGES, MAX_RECORD, MAX_ROOM_ID,
};
use confidant::{
    CompatibleError, CompatibleMessage, CompatibleRoom, DataContext, DecodeError, MediaError,
    MediaKey, Padding, Plaintext, Purpose, RecordError, RoomKey, SealRecordError, Secret,
    ShareCode, ShareCodeError, TotpAlgorithm, TotpError, TotpSecret, Unauthenticated,
};
use vault::{flips, keyring, secret};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// base64url by a second implementation: bits, six at a time.
fn base64url(bytes: &[u8]) -> String {
    let mut bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    bits.extend(std::iter::repeat_n('0', (6 - bits.len() % 6) % 6));
    let six = |i: usize| usize::from_str_radix(&bits[i * 6..i * 6 + 6], 2).unwrap();
    (0..bits.len() / 6).map(|i| char::from(ALPHABET[six(i)])).collect()
}

fn code(room: &str, rng: &mut TestRng) -> ShareCode {
    ShareCode::generate(room, rng).unwrap()
}

fn text(code: &ShareCode) -> String {
    code.to_text().expose().to_owned()
}

fn refused(text: &str) -> ShareCodeError {
    ShareCode::parse(text).expect_err(text)
}

#[test]
fn a_share_code_is_what_the_specification_says() {
    let mut rng = TestRng::new(1);
    for byte in 0..=255 {
        let random = Secret::<32>::random(&mut rng).unwrap();
        for key in [secret(byte), random] {
            let expected = format!("weekend:{}", base64url(key.expose()));
            let code = ShareCode::new("weekend", key).unwrap();
            assert_eq!(text(&code), expected);
            let read = ShareCode::parse(&expected).unwrap();
            assert_eq!((read.room_id(), text(&read)), ("weekend", expected));
        }
    }
    let before = rng.drawn;
    let made = code("room", &mut rng);
    assert_eq!((rng.drawn - before, text(&made).len()), (32, 4 + 1 + 43));
    rng.fail_at = Some(rng.draws);
    let failed = ShareCode::generate("room", &mut rng);
    assert_eq!(failed.err(), Some(ShareCodeError::Randomness));
}

#[test]
fn a_share_code_is_split_at_its_last_colon() {
    for room in ["a:b", ":", "::", "https://example.org:8443/r", "é:"] {
        let code = ShareCode::new(room, secret(7)).unwrap();
        assert_eq!(ShareCode::parse(&text(&code)).unwrap().room_id(), room);
    }
    let key = base64url(&[7; 32]);
    assert_eq!(refused(&key), ShareCodeError::NoColon);
    assert_eq!(refused(""), ShareCodeError::NoColon);
    assert_eq!(refused(&format!(":{key}")), ShareCodeError::InvalidRoom);
    assert_eq!(refused(&format!("room:{key}:")), ShareCodeError::NotCanonical);
    assert_eq!(refused("room:"), ShareCodeError::NotCanonical);
}

#[test]
fn a_room_has_a_name_of_bounded_length() {
    let long = "r".repeat(MAX_ROOM_ID);
    let code = ShareCode::new(&long, secret(7)).unwrap();
    assert_eq!(ShareCode::parse(&text(&code)).unwrap().room_id(), long);
    for room in [String::new(), format!("{long}r"), "é".repeat(128), "r".repeat(1 << 20)] {
        let refused = [
            ShareCode::new(&room, secret(7)).err(),
            ShareCode::generate(&room, &mut TestRng::new(2)).err(),
            ShareCode::parse(&format!("{room}:{}", base64url(&[7; 32]))).err(),
        ];
        assert_eq!(refused, [Some(ShareCodeError::InvalidRoom); 3]);
    }
}

/// Issue: non-canonical base64: padding, the other alphabet, white space, letters too few or too many, and bits behind the last byte.
#[test]
fn base64_that_is_not_canonical_is_refused() {
    let key = base64url(&[0xff; 32]);
    assert_eq!(key.len(), 43);
    assert!(ShareCode::parse(&format!("r:{key}")).is_ok());
    for wrong in [
        format!("{key}="),
        format!("{}=", &key[..42]),
        format!("{key}A"),
        format!("{key}AA"),
        key[..42].to_owned(),
        key[..40].to_owned(),
        format!(" {}", &key[1..]),
        format!("{}\n", &key[..42]),
        key.replacen('_', "/", 1),
        key.replacen('_', "+", 1),
        format!("é{}", &key[2..]),
        "A".repeat(1 << 20),
    ] {
        assert_eq!(refused(&format!("r:{wrong}")), ShareCodeError::NotCanonical, "{wrong:.50}");
    }
    // Of the 64 letters at the end, every fourth one.
    for (value, letter) in ALPHABET.iter().enumerate() {
        let spelled = format!("r:{}{}", &key[..42], char::from(*letter));
        assert_eq!(ShareCode::parse(&spelled).is_ok(), value % 4 == 0, "{spelled}");
    }
    for byte in 0..=0x7f_u8 {
        let spelled = format!("r:{}{}", char::from(byte), &key[1..]);
        let is_letter = ALPHABET.contains(&byte);
        // A colon splits there.
        let expected = if is_letter { None } else { Some(ShareCodeError::NotCanonical) };
        assert_eq!(ShareCode::parse(&spelled).err(), expected, "{byte:#x}");
    }
}

fn message_context(number: u64) -> DataContext {
    let context = DataContext::new(Purpose::Share).object(b"weekend").unwrap();
    context.object_version(number).unwrap()
}

fn said(opened: Result<Unauthenticated<Plaintext>, RecordError>) -> Option<Vec<u8>> {
    opened.ok().map(|claim| claim.accept().as_bytes().to_vec())
}

/// R-142: what was said in a room is a claim, by its type.
#[test]
fn messages_open_for_everybody_with_the_code() {
    let mut rng = TestRng::new(3);
    let code = code("weekend", &mut rng);
    let (ours, theirs) =
        (RoomKey::new(&code), RoomKey::new(&ShareCode::parse(&text(&code)).unwrap()));
    for padding in [Padding::None, Padding::Padme] {
        let before = rng.drawn;
        let message = ours.seal(&message_context(1), b"hello", padding, &mut rng).unwrap();
        assert_eq!(rng.drawn - before, 24);
        let claim: Result<Unauthenticated<Plaintext>, RecordError> =
            theirs.open(&message_context(1), &message);
        assert_eq!(said(claim).unwrap(), b"hello");
    }
}

#[test]
fn messages_of_other_rooms_and_places_do_not_open() {
    let mut rng = TestRng::new(4);
    let code = code("weekend", &mut rng);
    let room = RoomKey::new(&code);
    let message = room.seal(&message_context(1), b"hello", Padding::None, &mut rng).unwrap();
    assert_eq!(said(room.open(&message_context(2), &message)), None);
    let same_key = ShareCode::parse(&text(&code).replace("weekend", "weekday")).unwrap();
    let other_key = ShareCode::generate("weekend", &mut rng).unwrap();
    for other in [same_key, other_key] {
        let opened = RoomKey::new(&other).open(&message_context(1), &message);
        assert_eq!(opened.err(), Some(RecordError));
    }
    for (bit, changed) in flips(&message) {
        assert_eq!(said(room.open(&message_context(1), &changed)), None, "{bit}");
    }
    for len in 0..message.len() {
        assert_eq!(said(room.open(&message_context(1), &message[..len])), None, "{len}");
    }
    let long = room.seal(&message_context(1), &vec![0; MAX_RECORD + 1], Padding::None, &mut rng);
    assert_eq!(long, Err(SealRecordError::TooLong));
}

/// Room messages are records of a root key of their own, number 0.
#[test]
fn a_second_implementation_reads_room_messages() {
    let mut rng = TestRng::new(5);
    let room = RoomKey::new(&ShareCode::new("weekend", secret(9)).unwrap());
    let root = second::expand(&[9; 32], "room", b"weekend");
    let context = message_context(1);
    let message = room.seal(&context, b"hello", Padding::None, &mut rng).unwrap();
    assert_eq!(second::opened(&root, context.as_bytes(), &message).unwrap(), b"hello");
    let theirs = second::record((0, &root), 0, context.as_bytes(), b"hi");
    assert_eq!(said(room.open(&context, &theirs)).unwrap(), b"hi");
    let theirs = second::record((1, &root), 0, context.as_bytes(), b"hi");
    assert_eq!(said(room.open(&context, &theirs)), None);
}

/// AES-256-GCM, ciphertext and tag.
fn sealed(key: [u8; 32], iv: &[u8; 12], text: &[u8]) -> Vec<u8> {
    let mut sealed = text.to_vec();
    let (cipher, nonce) = (Aes256Gcm::new(&key.into()), Nonce::from(*iv));
    let tag = cipher.encrypt_inout_detached(&nonce, &[], (&mut sealed[..]).into()).unwrap();
    [&sealed[..], &tag].concat()
}

/// What a browser would give.
fn foreign(key: [u8; 32], iv: &[u8; 12], text: &[u8]) -> CompatibleMessage {
    CompatibleMessage { iv: base64url(iv), ciphertext: base64url(&sealed(key, iv, text)) }
}

fn compatible(encrypted: u64) -> CompatibleRoom {
    CompatibleRoom::new(&ShareCode::new("r", secret(9)).unwrap(), encrypted)
}

fn decrypted(message: &CompatibleMessage) -> Result<Vec<u8>, CompatibleError> {
    Ok(compatible(0).decrypt(message)?.accept().into_vec())
}

/// The compatible form, both ways, with AES-256-GCM as anybody has it.
#[test]
fn the_compatible_form_is_plain_aes_gcm() {
    let mut rng = TestRng::new(6);
    for len in [0, 1, 2, 3, 100, 40_000] {
        let text: Vec<u8> = (1..=251).cycle().take(len).collect();
        let message = foreign([9; 32], &[len as u8; 12], &text);
        assert_eq!(decrypted(&message).unwrap(), text);
        let before = rng.drawn;
        let ours = compatible(0).encrypt(&text, &mut rng).unwrap();
        assert_eq!(rng.drawn - before, 12);
        assert_eq!(decrypted(&ours).unwrap(), text);
        assert_eq!(ours.iv.len(), 16);
        assert_ne!(ours.iv, message.iv);
        assert_eq!(ours.ciphertext.len(), message.ciphertext.len());
    }
    // With the nonce that was drawn, the same bytes.
    let mut drawn = [0; 12];
    getrandom::rand_core::TryRng::try_fill_bytes(&mut TestRng::new(7), &mut drawn).unwrap();
    let ours = compatible(0).encrypt(b"hello", &mut TestRng::new(7)).unwrap();
    assert_eq!(ours, foreign([9; 32], &drawn, b"hello"));
}

/// R-102: 2^32 messages are the last one; there is no way on, and nothing is drawn for another.
#[test]
fn the_compatible_form_stops_at_the_bound() {
    let mut rng = TestRng::new(8);
    assert_eq!(MAX_COMPATIBLE_MESSAGES, 1 << 32);
    let mut room = compatible(MAX_COMPATIBLE_MESSAGES - 2);
    for n in [1, 0] {
        assert!(room.encrypt(b"hello", &mut rng).is_ok());
        assert_eq!(room.encrypted(), MAX_COMPATIBLE_MESSAGES - n);
    }
    let before = rng.drawn;
    for _ in 0..3 {
        assert_eq!(room.encrypt(b"hello", &mut rng), Err(CompatibleError::Exhausted));
    }
    assert_eq!((room.encrypted(), rng.drawn), (MAX_COMPATIBLE_MESSAGES, before));
    for encrypted in [MAX_COMPATIBLE_MESSAGES, MAX_COMPATIBLE_MESSAGES + 1, u64::MAX] {
        let refused = compatible(encrypted).encrypt(b"", &mut rng);
        assert_eq!(refused, Err(CompatibleError::Exhausted));
    }
    // What is there can still be read.
    assert!(room.decrypt(&foreign([9; 32], &[0; 12], b"old")).is_ok());
}

#[test]
fn what_fails_in_the_compatible_form_is_not_counted() {
    let mut rng = TestRng::new(9);
    let mut room = compatible(5);
    let long = room.encrypt(&vec![0; MAX_RECORD + 1], &mut rng);
    assert_eq!(long, Err(CompatibleError::TooLong));
    rng.fail_at = Some(rng.draws);
    assert_eq!(room.encrypt(b"hello", &mut rng), Err(CompatibleError::Randomness));
    assert_eq!(room.encrypted(), 5);
}

#[test]
fn changed_compatible_messages_do_not_open() {
    let good = foreign([9; 32], &[1; 12], b"hello");
    assert_eq!(decrypted(&good).unwrap(), b"hello");
    let iv = |iv: String| CompatibleMessage { iv, ..good.clone() };
    let ciphertext = |ciphertext: String| CompatibleMessage { ciphertext, ..good.clone() };
    for wrong in [
        iv(base64url(&[1; 11])),
        iv(base64url(&[1; 13])),
        iv(base64url(&[1; 16])),
        iv(String::new()),
        iv(format!("{}=", base64url(&[1; 12]))),
        iv(format!("+{}", &good.iv[1..])),
        ciphertext(format!("{}=", good.ciphertext)),
        ciphertext(good.ciphertext[..25].to_owned()),
        ciphertext(format!("{}B", &good.ciphertext[..25])),
        ciphertext(format!("{}\n", &good.ciphertext[..27])),
    ] {
        assert_eq!(decrypted(&wrong), Err(CompatibleError::NotCanonical), "{wrong:?}");
    }
    for (_, changed) in flips(&sealed([9; 32], &[1; 12], b"hello")) {
        let refused = decrypted(&ciphertext(base64url(&changed)));
        assert_eq!(refused, Err(CompatibleError::Unauthentic));
    }
    let bytes = |len| ciphertext(base64url(&vec![0; len]));
    for len in [0, 1, 15, 16, 17, 30] {
        assert_eq!(decrypted(&bytes(len)), Err(CompatibleError::Unauthentic), "{len}");
    }
    assert_eq!(decrypted(&iv(base64url(&[2; 12]))), Err(CompatibleError::Unauthentic));
    let other_key = foreign([8; 32], &[1; 12], b"hello");
    assert_eq!(decrypted(&other_key), Err(CompatibleError::Unauthentic));
    assert_eq!(decrypted(&bytes(MAX_RECORD + 17)), Err(CompatibleError::TooLong));
}

/// Somebody comes: all compute the same key, and who came cannot compute the one before.
#[test]
fn a_call_that_somebody_joins_goes_on_with_another_key() {
    let mut rng = TestRng::new(10);
    let mut ours = MediaKey::generate(&mut rng).unwrap();
    assert_eq!(rng.drawn, 48);
    let mut theirs = MediaKey::decode(ours.encode().expose()).unwrap();
    let old = *ours.encode().expose();
    ours.ratchet();
    theirs.ratchet();
    assert_eq!(ours.encode().expose(), theirs.encode().expose());
    assert_eq!((ours.epoch(), ours.call_id()), (1, theirs.call_id()));
    // By a second implementation.
    let key: [u8; 32] = old[28..].try_into().unwrap();
    let next: [u8; 32] = second::expand(&key, "media/ratchet", &ours.call_id());
    let expected = [&b"EMK1"[..], &ours.call_id(), &1_u64.to_be_bytes(), &next].concat();
    assert_eq!(ours.encode().expose()[..], expected);
    assert_ne!(key, next);
    let sender = [&ours.call_id()[..], &1_u64.to_be_bytes(), b"alice"].concat();
    let sender: [u8; 32] = second::expand(&next, "media/sender", &sender);
    assert_eq!(ours.sender_key(b"alice").expose(), &sender);
    assert_ne!(ours.sender_key(b"bob").expose(), &sender);
}

/// Somebody leaves: the next key has nothing to do with the one that they had.
#[test]
fn a_call_that_somebody_leaves_goes_on_with_a_new_key() {
    let mut rng = TestRng::new(11);
    let mut ours = MediaKey::generate(&mut rng).unwrap();
    let copy = || MediaKey::decode(ours.encode().expose()).unwrap();
    let (mut theirs, mut left) = (copy(), copy());
    let before = rng.drawn;
    ours.rotate(&mut rng).unwrap();
    assert_eq!(rng.drawn - before, 32);
    left.ratchet();
    assert_eq!(left.epoch(), ours.epoch());
    assert_ne!(left.encode().expose(), ours.encode().expose());
    theirs.adopt(MediaKey::decode(ours.encode().expose()).unwrap()).unwrap();
    assert_eq!(theirs.encode().expose(), ours.encode().expose());

    // The same again, an older one, and one of another call change nothing.
    let again = MediaKey::decode(ours.encode().expose()).unwrap();
    assert_eq!(theirs.adopt(again), Err(MediaError::Stale));
    let other = MediaKey::decode(left.encode().expose()).unwrap();
    assert_eq!(theirs.adopt(other), Err(MediaError::Stale));
    let mut elsewhere = MediaKey::generate(&mut rng).unwrap();
    (0..5).for_each(|_| elsewhere.ratchet());
    assert_eq!(theirs.adopt(elsewhere), Err(MediaError::WrongCall));
    assert_eq!(theirs.encode().expose(), ours.encode().expose());
    rng.fail_at = Some(rng.draws);
    assert!(theirs.rotate(&mut rng).is_err());
    assert_eq!(theirs.encode().expose(), ours.encode().expose());
}

/// A key of this call, epoch and content, as a participant may send it.
fn sent(call: [u8; 16], epoch: u64, byte: u8) -> Result<MediaKey, DecodeError> {
    let bytes = [&b"EMK1"[..], &call, &epoch.to_be_bytes(), &[byte; 32]].concat();
    MediaKey::decode(&bytes)
}

/// R-121: a participant who is about to be put out does not use up the epochs, so that nobody could put them out any more: a key that is far
/// ahead is not taken, and one that is further on than any call gets is not read.
#[test]
fn a_participant_does_not_use_up_the_epochs() {
    let mut rng = TestRng::new(16);
    let mut ours = MediaKey::generate(&mut rng).unwrap();
    let mut theirs = MediaKey::decode(ours.encode().expose()).unwrap();
    for epoch in [MAX_CALL_JUMP + 1, MAX_CALL_EPOCH] {
        for key in [&mut ours, &mut theirs] {
            let before = *key.encode().expose();
            let far = sent(key.call_id(), epoch, 0x66).unwrap();
            assert_eq!(key.adopt(far), Err(MediaError::TooFar), "{epoch}");
            assert_eq!(key.encode().expose(), &before);
        }
    }
    for epoch in [MAX_CALL_EPOCH + 1, u64::MAX] {
        let refused = sent(ours.call_id(), epoch, 0x66).err();
        assert_eq!(refused, Some(DecodeError::NotCanonical), "{epoch}");
    }
    // The furthest that is taken, by both; and then the call goes on without the one who sent it.
    for key in [&mut ours, &mut theirs] {
        key.adopt(sent(key.call_id(), MAX_CALL_JUMP, 0x66).unwrap()).unwrap();
        assert_eq!(key.epoch(), MAX_CALL_JUMP);
    }
    ours.rotate(&mut rng).unwrap();
    theirs.adopt(MediaKey::decode(ours.encode().expose()).unwrap()).unwrap();
    let known = sent(ours.call_id(), MAX_CALL_JUMP + 1, 0x66).unwrap();
    assert_eq!(theirs.sender_key(b"bob").expose(), ours.sender_key(b"bob").expose());
    assert_ne!(theirs.sender_key(b"bob").expose(), known.sender_key(b"bob").expose());
}

/// The jump is counted from our own epoch, wherever that is.
#[test]
fn the_jump_is_counted_from_our_own_epoch() {
    for ours in [0, 1, MAX_CALL_JUMP, MAX_CALL_EPOCH - MAX_CALL_JUMP - 1] {
        for (ahead, expected) in [
            (0, Err(MediaError::Stale)),
            (1, Ok(())),
            (MAX_CALL_JUMP, Ok(())),
            (MAX_CALL_JUMP + 1, Err(MediaError::TooFar)),
        ] {
            let mut key = sent([7; 16], ours, 1).unwrap();
            let newer = sent([7; 16], ours + ahead, 2).unwrap();
            assert_eq!(key.adopt(newer), expected, "{ours} + {ahead}");
            assert_eq!(key.epoch(), if expected.is_ok() { ours + ahead } else { ours });
        }
    }
    let mut key = sent([7; 16], 0, 1).unwrap();
    let elsewhere = sent([8; 16], u64::from(u32::MAX), 2).unwrap();
    assert_eq!(key.adopt(elsewhere), Err(MediaError::WrongCall));
}

#[test]
fn a_key_of_a_call_is_read_as_it_is_written() {
    let mut rng = TestRng::new(12);
    let key = MediaKey::generate(&mut rng).unwrap();
    let bytes = key.encode().expose().to_vec();
    for len in 0..bytes.len() {
        assert_eq!(MediaKey::decode(&bytes[..len]).err(), Some(DecodeError::Truncated), "{len}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(MediaKey::decode(&longer).err(), Some(DecodeError::TrailingBytes));
    let changed = |at: usize| {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        MediaKey::decode(&changed).err()
    };
    assert_eq!(changed(0), Some(DecodeError::WrongKind));
    assert_eq!(changed(3), Some(DecodeError::UnsupportedVersion));
    // The highest bit of the epoch.
    let mut late = bytes.clone();
    late[20] |= 0x80;
    assert_eq!(MediaKey::decode(&late).err(), Some(DecodeError::NotCanonical));
    let last = sent([7; 16], MAX_CALL_EPOCH, 1).unwrap();
    assert_eq!(MediaKey::decode(last.encode().expose()).unwrap().epoch(), MAX_CALL_EPOCH);
}

fn totp_context() -> DataContext {
    DataContext::new(Purpose::Totp).user(b"jane").unwrap()
}

/// They are records under a key of their own purpose: what is a TOTP secret does not open as another field, nor the other way round.
#[test]
fn totp_secrets_are_records_of_their_own_purpose() {
    let mut rng = TestRng::new(13);
    let ring = keyring(&mut rng);
    let algorithms = [TotpAlgorithm::Sha1, TotpAlgorithm::Sha256, TotpAlgorithm::Sha512];
    for (byte, algorithm) in (1..).zip(algorithms) {
        let secret = vec![7; 20];
        let totp = TotpSecret::new(secret.clone(), algorithm, 6, 30).unwrap();
        let record = totp.seal(&ring, &totp_context(), &mut rng).unwrap();
        let opened = TotpSecret::open(&ring, &totp_context(), &record).unwrap();
        assert_eq!(opened.expose(), secret);
        assert_eq!((opened.algorithm(), opened.digits(), opened.period()), (algorithm, 6, 30));
        let data = ring.open_record(&totp_context(), &record).unwrap();
        let expected = [&[1, byte, 6, 0, 0, 0, 30][..], &secret].concat();
        assert_eq!(data.as_bytes(), expected);
        let moved = TotpSecret::open(&ring, &totp_context().device(b"1").unwrap(), &record);
        assert_eq!(moved.err(), Some(TotpError::NotOpened));
        let field = DataContext::new(Purpose::Record).user(b"jane").unwrap();
        assert_eq!(ring.open_record(&field, &record), Err(RecordError));
        assert_eq!(totp.seal(&ring, &field, &mut rng).err(), Some(TotpError::WrongPurpose));
        let elsewhere = TotpSecret::open(&ring, &field, &record);
        assert_eq!(elsewhere.err(), Some(TotpError::WrongPurpose));
    }
    let totp = TotpSecret::new(vec![7; 20], TotpAlgorithm::Sha1, 6, 30).unwrap();
    rng.fail_at = Some(rng.draws);
    let failed = totp.seal(&ring, &totp_context(), &mut rng);
    assert_eq!(failed.err(), Some(TotpError::Randomness));
}

#[test]
fn totp_secrets_are_bounded() {
    let new = |len, digits, period| {
        TotpSecret::new(vec![7; len], TotpAlgorithm::Sha1, digits, period).err()
    };
    for (len, digits, period) in [(10, 6, 1), (128, 8, u32::MAX), (20, 7, 60)] {
        assert_eq!(new(len, digits, period), None);
    }
    for (len, digits, period) in
        [(0, 6, 30), (9, 6, 30), (129, 6, 30), (20, 5, 30), (20, 9, 30), (20, 6, 0)]
    {
        assert_eq!(new(len, digits, period), Some(TotpError::Invalid));
    }
    let mut rng = TestRng::new(14);
    let ring = keyring(&mut rng);
    let mut opened = |data: &[u8]| {
        let record = ring.seal_record(&totp_context(), data, Padding::Padme, &mut rng).unwrap();
        TotpSecret::open(&ring, &totp_context(), &record).err()
    };
    let good = [&[1, 1, 6, 0, 0, 0, 30][..], &[7; 10]].concat();
    assert_eq!(opened(&good), None);
    for len in 0..7 {
        let truncated = Some(TotpError::Malformed(DecodeError::Truncated));
        assert_eq!(opened(&good[..len]), truncated, "{len}");
    }
    assert_eq!(opened(&good[..16]), Some(TotpError::Invalid));
    let mut changed = |at: usize, byte: u8| {
        let mut changed = good.clone();
        changed[at] = byte;
        opened(&changed)
    };
    let unsupported = Some(TotpError::Malformed(DecodeError::UnsupportedVersion));
    assert_eq!(changed(0, 2), unsupported);
    assert_eq!(changed(1, 0), unsupported);
    assert_eq!(changed(1, 4), unsupported);
    assert_eq!(changed(2, 5), Some(TotpError::Invalid));
    assert_eq!(changed(6, 0), Some(TotpError::Invalid));
}

#[test]
fn nothing_secret_is_printed() {
    let mut rng = TestRng::new(15);
    let code = code("weekend", &mut rng);
    assert_eq!(format!("{code:?}"), "ShareCode { room: \"weekend\", .. }");
    assert_eq!(format!("{:?}", code.to_text()), "SecretText(51 bytes)");
    assert_eq!(format!("{:?}", RoomKey::new(&code)), "RoomKey(..)");
    let room = CompatibleRoom::new(&code, 3);
    assert_eq!(format!("{room:?}"), "CompatibleRoom(3 messages, ..)");
    let message = RoomKey::new(&code).seal(&message_context(1), b"hello", Padding::None, &mut rng);
    let claim = RoomKey::new(&code).open(&message_context(1), &message.unwrap()).unwrap();
    assert_eq!(format!("{claim:?}"), "Unauthenticated(Plaintext(5 bytes))");
    let key = MediaKey::generate(&mut rng).unwrap();
    let expected = format!("MediaKey {{ call: {:?}, epoch: 0, .. }}", key.call_id());
    assert_eq!(format!("{key:?}"), expected);
    let totp = TotpSecret::new(vec![7; 20], TotpAlgorithm::Sha1, 6, 30).unwrap();
    let expected = "TotpSecret { algorithm: Sha1, digits: 6, period: 30, .. }";
    assert_eq!(format!("{totp:?}"), expected);
}
