//! What recovery codes, archives and shared secrets leave behind when they are dropped. Shown for the heap: `residue`
//! searches every freed block.

mod common;
#[allow(dead_code, reason = "conversations have secrets of their own")]
mod residue;
mod second;
mod vault;
mod village;

use common::{NOW, TestRng};
use confidant::{
    ArchiveHeader, ArchiveOpener, ArchiveSealer, CompatibleRoom, DataContext, ExpectedArchive,
    MediaKey, NewArchive, Padding, Purpose, RecoveryCode, RecoveryProfile, RecoverySet, RoomKey,
    Secret, ShareCode, TotpAlgorithm, TotpSecret, UnwrapWith, WrapWith,
};
use residue::{learn, residues};
use vault::{keyring, local};

fn janes() -> DataContext {
    DataContext::new(Purpose::Archive).user(b"jane").unwrap()
}

/// Random bytes that are never freed.
fn random(len: usize, rng: &mut TestRng) -> &'static [u8] {
    Vec::leak((0..len).map(|_| rng.below(256) as u8).collect())
}

fn learn_code(code: &RecoveryCode, set: &RecoverySet) {
    if !residue::is_learning() {
        return;
    }
    let text = Box::leak(Box::new(code.to_text())).expose();
    learn("code's text", text.as_bytes());
    let key = Box::leak(Box::new(code.unlock(&set.id(), set.profile()).unwrap()));
    learn("token", Box::leak(Box::new(key.token())).expose());
    if set.profile() == RecoveryProfile::Long {
        let bits: String = text
            .bytes()
            .filter(|letter| *letter != b'-')
            .map(|letter| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".iter().position(|c| *c == letter))
            .map(|value| format!("{:05b}", value.unwrap()))
            .collect();
        let byte = |i: usize| u8::from_str_radix(&bits[i * 8..i * 8 + 8], 2).unwrap();
        let secret: &[u8] = Vec::leak((1..17).map(byte).collect());
        learn("code's secret", secret);
        let (prk, _) = hkdf::Hkdf::<sha2::Sha256>::extract(Some(&set.id()), secret);
        for (name, label) in [("code's key", "code/key"), ("roster key", "code/roster")] {
            let derived: [u8; 32] = second::expand(&prk.into(), label, &[code.index()]);
            learn(name, Box::leak(Box::new(derived)));
        }
    }
}

fn learn_set(set: &RecoverySet, codes: &[RecoveryCode]) {
    learn("archive key", set.key().expose());
    let mac: [u8; 32] = second::expand(set.key().expose(), "recovery/mac", janes().as_bytes());
    learn("MAC key", &mac);
    codes.iter().for_each(|code| learn_code(code, set));
}

/// A set that is made, written down, opened, used up, revoked from, and refused.
fn life_of_a_set() {
    let (mut rng, profile) = (TestRng::new(1), RecoveryProfile::Long);
    let (mut set, codes) = RecoverySet::create(&janes(), profile, 3, &mut rng).unwrap();
    learn_set(&set, &codes);
    let bytes = set.encode();
    let text = codes[1].to_text();
    let typed = RecoveryCode::parse(text.expose()).unwrap();
    assert!(RecoveryCode::parse(&text.expose()[1..]).is_err());
    let open = |bytes: &[u8], code: &RecoveryCode, min_epoch| {
        let code = code.unlock(&set.id(), profile).unwrap();
        RecoverySet::open(bytes, &janes(), &code, min_epoch)
    };
    let recovered = open(&bytes, &typed, 0).unwrap().accept();
    let (after, old) = recovered.use_up(&mut rng).unwrap();
    learn_set(&after, &codes);
    drop(old);
    assert!(open(&after.encode(), &typed, 0).is_err());
    assert!(open(&bytes, &codes[0], 9).is_err());
    drop(open(&bytes, &codes[0], 0).unwrap());
    let mut forged = bytes;
    *forged.last_mut().unwrap() ^= 1;
    assert!(open(&forged, &codes[0], 0).is_err());
    drop(set.revoke(0, &mut rng).unwrap());
    learn_set(&set, &codes);
    drop(codes[2].unlock(&set.id(), profile).unwrap());
    rng.fail_at = Some(rng.draws + 1);
    assert!(set.renew(&mut rng).is_err());
}

#[test]
fn recovery_codes_and_sets_are_wiped() {
    assert_eq!(residues(life_of_a_set), [""; 0]);
}

#[cfg(feature = "password")]
#[test]
fn short_codes_are_wiped() {
    let weakest = confidant::PasswordParameters::MOBILE;
    let scenario = || {
        let mut rng = TestRng::new(4);
        let profile = RecoveryProfile::Short(weakest);
        let (set, codes) = RecoverySet::create(&janes(), profile, 1, &mut rng).unwrap();
        learn_set(&set, &codes);
        let typed = RecoveryCode::parse(codes[0].to_text().expose()).unwrap();
        let code = typed.unlock(&set.id(), profile).unwrap();
        drop(RecoverySet::open(&set.encode(), &janes(), &code, 0).unwrap());
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// Computes on a stack that is not ours: what we leave on ours, and a move of something with gaps carries into a block, would be found there.
fn aside(work: impl FnOnce() -> [u8; 32] + Send) -> &'static [u8; 32] {
    let leaked = std::thread::scope(|scope| scope.spawn(|| &*Box::leak(Box::new(work()))).join());
    leaked.unwrap()
}

/// Begins the body of an archive, behind its header.
fn begun(mut archive: NewArchive, out: &mut Vec<u8>, rng: &mut TestRng) -> ArchiveSealer {
    archive.add(WrapWith::Local(&local(1)), rng).unwrap();
    let (info, key) = (*archive.info(), archive.key().expose());
    let keys = residue::is_learning().then(|| {
        learn("archive's key", key);
        ["archive/mac", "archive/body"].map(|label| {
            let derived = aside(|| second::expand(key, label, janes().as_bytes()));
            learn(label, derived);
            derived
        })
    });
    let sealer = archive.seal(out, rng).unwrap();
    if let Some([_, body]) = keys {
        let salt = out[out.len() - 56..].first_chunk().unwrap();
        let context = [&b"archive"[..], &info.digest()].concat();
        learn("AES key of a body", aside(|| second::chunk_key(body, salt, &context)));
    }
    sealer
}

fn opener(header: &ArchiveHeader) -> ArchiveOpener {
    let with = UnwrapWith::Local(&local(1));
    header.open(&janes(), with, ExpectedArchive::Any).unwrap().accept()
}

/// an archive that is made and opened to its end, one that is given up in the middle, and one whose last chunk is changed. The AES
/// key of the body is wiped with what seals and with what opens, whether it is finished or not.
#[test]
fn archives_are_wiped() {
    let scenario = || {
        let mut rng = TestRng::new(2);
        let content = random(20_000, &mut rng);
        learn("content", content);
        let new = |rng: &mut TestRng| NewArchive::first(&janes(), NOW, 20_000, rng).unwrap();
        let mut out = Vec::new();
        let mut sealer = begun(new(&mut rng), &mut out, &mut rng);
        let header = out.len() - 56;
        sealer.update(content, &mut out).unwrap();
        sealer.finish(&mut out).unwrap();

        let mut sealer = begun(new(&mut rng), &mut Vec::new(), &mut rng);
        sealer.update(&content[..9_000], &mut Vec::new()).unwrap();
        drop(sealer);

        let (header, body) = out.split_at(header);
        let header = ArchiveHeader::decode(header).unwrap();
        for change in [0, 1] {
            let mut body = body.to_vec();
            *body.last_mut().unwrap() ^= change;
            let mut opener = opener(&header);
            // What was released is the caller's.
            let mut opened = Vec::with_capacity(content.len());
            assert_eq!(opener.update(&body, &mut opened).is_err(), change == 1);
            assert_eq!(opened.len(), if change == 1 { 16_384 } else { 20_000 });
            assert_eq!(opener.finish().is_err(), change == 1);
            opened.leak();
        }
        // Given up before the commitment is there, in the first chunk, and behind the last one.
        for len in [30, 9_000, body.len()] {
            let (mut opener, mut opened) = (opener(&header), Vec::with_capacity(content.len()));
            opener.update(&body[..len], &mut opened).unwrap();
            drop(opener);
            opened.leak();
        }
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// Codes of rooms, messages in both forms, keys of calls, secrets of one-time passwords.
#[test]
fn what_is_shared_is_wiped() {
    let scenario = || {
        let mut rng = TestRng::new(3);
        let key = random(32, &mut rng);
        learn("room's key", key);
        let key = || Secret::init_with(|bytes| bytes.copy_from_slice(key));
        let code = ShareCode::new("weekend", key()).unwrap();
        let text = code.to_text();
        learn("share code", &text.expose().as_bytes()[8..]);
        drop(ShareCode::parse(text.expose()).unwrap());
        assert!(ShareCode::parse(&text.expose()[..50]).is_err());
        assert!(ShareCode::new("", key()).is_err());
        let message = random(3_000, &mut rng);
        learn("message", message);
        let room = RoomKey::new(&code);
        let context = janes();
        let sealed = room.seal(&context, message, Padding::Padme, &mut rng).unwrap();
        drop(room.open(&context, &sealed).unwrap());
        let mut room = CompatibleRoom::new(&code, 0);
        let mut sealed = room.encrypt(message, &mut rng).unwrap();
        drop(room.decrypt(&sealed).unwrap());
        sealed.iv.replace_range(..2, "AA");
        assert!(room.decrypt(&sealed).is_err());

        let mut media = MediaKey::generate(&mut rng).unwrap();
        learn("call's key", &media.encode().expose()[28..]);
        media.ratchet();
        learn("call's key", &media.encode().expose()[28..]);
        let newer = MediaKey::decode(media.encode().expose()).unwrap();
        assert!(media.adopt(newer).is_err());
        media.rotate(&mut rng).unwrap();
        learn("sender's key", media.sender_key(b"alice").expose());

        let secret = random(20, &mut rng);
        learn("TOTP secret", secret);
        let mut typed = Vec::with_capacity(100);
        typed.extend_from_slice(secret);
        let ring = keyring(&mut rng);
        let context = DataContext::new(Purpose::Totp);
        let totp = TotpSecret::new(typed, TotpAlgorithm::Sha1, 6, 30).unwrap();
        let record = totp.seal(&ring, &context, &mut rng).unwrap();
        drop(TotpSecret::open(&ring, &context, &record).unwrap());
        assert!(TotpSecret::new(secret.to_vec(), TotpAlgorithm::Sha1, 9, 30).is_err());
        rng.fail_at = Some(rng.draws);
        assert!(totp.seal(&ring, &context, &mut rng).is_err());
    };
    assert_eq!(residues(scenario), [""; 0]);
}
