//! What the crate shows: its own types and nobody else's, errors that carry nothing, and no way to misuse an identity.

mod common;
mod office;
mod probe;
mod said;
mod source;

use std::error::Error;
use std::fmt::Debug;

use common::{NOW, SUITES, TestRng, World};
use confidant::{
    AcceptError, Accepted, Address, AddressError, ApplicationTooLong, BeginError, BundleError,
    CertificateError, CertificateIssuer, CertificateKey, CertificateKeyId, CertificatePublicKey,
    Change, CompareError, Context, DecodeError, DecryptError, Delivery, DeliveryKey, DeliveryToken,
    DeliveryVerifier, DeviceId, DeviceRecord, DevicesError, DistributeError, Distribution,
    DistributionError, EncryptError, ExportError, GroupDecryptError, GroupEncryptError, GroupError,
    GroupId, GroupReceived, GroupSession, Identity, Incoming, InitiateError, InvalidKey,
    IssueError, LimitTooHigh, Limits, MembersChanged, MessageId, Need, OpenError, Opened, Outgoing,
    Party, Peer, Plaintext, Policy, PreKeyBundle, PreKeyError, PreKeyId, PreKeyKind, PreKeyMessage,
    PreKeyStatus, PreKeyStore, Provider, PublicIdentity, Publication, RandomnessFailed,
    ReceiveError, Received, RestoreError, RetryRefused, RetryRequest, Role, Rotation, SafetyNumber,
    SealError, SealedContent, SealedError, SealedKind, SealedMessage, SealedSender, SealedUpload,
    Secret, SendError, SenderCertificate, Sent, ServerCertificate, Session, SessionInfo, Snapshot,
    StateName, Suite, Trust, TrustError, TrustRoots, TrustStore, UnixTime, Unstored, Us,
    UsedPreKeys, UserId, UserRecord, Verified, VerifiedBundle, VerifiedSender,
};
use confidant::{
    ArchiveError, AttachmentError, CompatibleError, ContextError, FileError, FileRecipientsError,
    KekError, KeyringError, MediaError, NewArchiveError, OpenKeyringError, OpenRecoveryError,
    ParametersOutOfBounds, RebindError, RecordError, RecoveryCodeError, RecoverySetError,
    ReferenceTooLong, RewrapError, SealArchiveError, SealFileError, SealRecordError,
    ShareCodeError, TotpError, UnlockError, UnwrapError, WrapError,
};
use office::Office;
use probe::implements;
use source::{File, Token, closing, files, lines_with, stands};

/// Dependencies, as they are named in code.
const DEPENDENCIES: &[&str] = &[
    "aes_gcm",
    "argon2",
    "blake2",
    "ed25519_dalek",
    "getrandom",
    "hkdf",
    "hmac",
    "libcrux_ml_kem",
    "rand_core",
    "rayon",
    "serde",
    "sha2",
    "subtle",
    "x25519_dalek",
    "zeroize",
];

/// What a user of the crate has to know of others: the bound on generators, and serde where its feature is on.
const SHOWN: &[&str] = &["rand_core", "serde"];

/// The files that call `.sign(…)`, and how often: the one that signs pre-keys, and the two that it goes through; groups, which
/// sign with a key of their own; roots and servers, which sign certificates with theirs.
const SIGNERS: &[(&str, usize)] = &[
    ("group/sender.rs", 1),
    ("keys/identity.rs", 1),
    ("keys/prekey.rs", 1),
    ("primitives/sign.rs", 1),
    ("sealed/certificate.rs", 2),
];

fn assert_none(wrong: impl Fn(&File) -> Vec<String>) {
    let wrong: Vec<String> = files("src", "rs").iter().flat_map(wrong).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// What is public or makes public: the tokens of each signature, field, variant, re-export and trait implementation.
fn shown<'a>(code: &'a [Token<'a>]) -> Vec<&'a [Token<'a>]> {
    let starts = (0..code.len()).filter(|at| match code[*at].text {
        "pub" => !stands(code, at + 1, &["("]),
        "impl" => *at == 0 || ["}", ";", "]"].contains(&code[at - 1].text),
        _ => false,
    });
    starts.map(|at| &code[at..shown_end(code, at)]).collect()
}

/// A function or an implementation is shown up to its body, an enum whole, a field up to its comma.
fn shown_end(code: &[Token<'_>], start: usize) -> usize {
    let is_whole = ["enum", "use"].contains(&code.get(start + 1).map_or("", |token| token.text));
    let mut at = start;
    while let Some(token) = code.get(at) {
        match token.text {
            ";" | "," | "}" => return at,
            "{" if is_whole => return closing(code, at).unwrap_or(code.len()),
            "{" => return at,
            // A tuple's fields are private unless they say `pub`, and then they are shown by themselves.
            "(" if stands(code, start + 1, &["struct"]) => return at,
            "(" | "[" => at = closing(code, at).map_or(code.len(), |end| end + 1),
            ")" => return at,
            "<" => at = angle_end(code, at),
            _ => at += 1,
        }
    }
    code.len()
}

/// Behind the `>` that closes the `<` at `open`.
fn angle_end(code: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in code.iter().enumerate().skip(open) {
        match token.text {
            "<" => depth += 1,
            ">" if depth == 1 => return at + 1,
            ">" => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// The names that a file has from a dependency, with the dependency.
fn foreign_names<'a>(code: &[Token<'a>]) -> Vec<(&'a str, &'a str)> {
    let mut names = Vec::new();
    for start in (0..code.len()).filter(|at| code[*at].text == "use") {
        let Some(root) = code.get(start + 1).filter(|root| DEPENDENCIES.contains(&root.text))
        else {
            continue;
        };
        let path = code[start + 1..].iter().take_while(|token| token.text != ";");
        let path: Vec<&str> = path.map(|token| token.text).collect();
        // What is renamed is here under its other name.
        let here = |at: usize| path[at] != "as" && path.get(at + 1) != Some(&"as");
        let words = (0..path.len()).filter(|at| path[*at].starts_with(char::is_alphabetic));
        names.extend(words.filter(|at| here(*at)).map(|at| (path[at], root.text)));
    }
    names
}

fn foreign_in_public(file: &File) -> Vec<String> {
    let code = file.code();
    let names = foreign_names(&code);
    let owner = |at: usize, tokens: &[Token<'_>]| {
        let word = tokens[at].text;
        let inline = DEPENDENCIES.contains(&word) && stands(tokens, at + 1, &["::"]);
        let inside = at > 0 && tokens[at - 1].text == "::";
        let imported = names.iter().find(|(name, _)| *name == word).map(|(_, root)| *root);
        imported
            .filter(|_| !inside)
            .or_else(|| DEPENDENCIES.iter().find(|d| inline && **d == word).copied())
    };
    let mut wrong = Vec::new();
    for tokens in shown(&code) {
        for at in 0..tokens.len() {
            if let Some(root) = owner(at, tokens).filter(|root| !SHOWN.contains(root)) {
                let Token { text, line } = tokens[at];
                wrong.push(format!("{}:{line}: {text} is of {root}", file.path));
            }
        }
    }
    wrong
}

/// A dependency can be replaced without anybody's noticing.
#[test]
fn no_type_of_a_dependency_is_public() {
    assert_none(foreign_in_public);
}

#[test]
fn a_type_of_a_dependency_is_found() {
    let wrong = |text: &str| foreign_in_public(&File::new("src/a.rs", text)).len();
    let dalek = "use x25519_dalek::{PublicKey as Theirs, StaticSecret};\n";
    let with = |text: &str| format!("{dalek}{text}");
    assert_eq!(wrong(&with("pub(crate) fn a(b: Theirs) {}\nstruct C(Theirs);")), 0);
    assert_eq!(wrong(&with("pub struct A(Theirs);\npub struct B { c: Theirs }")), 0);
    assert_eq!(wrong(&with("pub fn a() { let b: Theirs; }\nimpl A { fn b(c: Theirs) {} }")), 0);
    assert_eq!(
        wrong("use rand_core::TryCryptoRng;\npub fn a<R: TryCryptoRng + ?Sized>(r: &mut R) {}"),
        0
    );
    for bad in [
        "pub fn a(b: Theirs) {}",
        "pub fn a() -> Option<Theirs> { None }",
        "impl A { pub fn b(&self) -> &StaticSecret { &self.0 } }",
        "pub struct A { b: u8, pub c: Theirs }",
        "pub struct A(pub Theirs);",
        "pub enum A { B, C(Theirs) }",
        "pub const A: Option<Theirs> = None;",
        "pub type A = Theirs;",
        "impl From<Theirs> for A {}",
        "pub fn a(b: x25519_dalek::PublicKey) {}",
        "pub use x25519_dalek::PublicKey;",
        "pub use sha2::Sha256;",
    ] {
        assert!(wrong(&with(bad)) > 0, "{bad}");
    }
}

/// Public enums without `#[non_exhaustive]`.
fn exhaustive(file: &File) -> Vec<String> {
    let code = file.code();
    let enums = (0..code.len()).filter(|at| stands(&code, *at, &["pub", "enum"]));
    let bad = enums.filter(|at| !attributes(&code, *at).contains(&"non_exhaustive"));
    bad.map(|at| format!("{}: {}", file.path, code[at + 2].text)).collect()
}

/// The first words of the attributes before an item.
fn attributes<'a>(code: &[Token<'a>], item: usize) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut end = item;
    while end > 0 && code[end - 1].text == "]" {
        let opens = (0..end)
            .rev()
            .find(|at| stands(code, *at, &["#", "["]) && closing(code, at + 1) == Some(end - 1));
        let Some(start) = opens else { break };
        found.push(code[start + 2].text);
        end = start;
    }
    found
}

/// what can go wrong, and what there is to choose from, may grow.
#[test]
fn public_enums_may_grow() {
    assert_none(exhaustive);
    let wrong = |text| exhaustive(&File::new("src/a.rs", text)).len();
    assert_eq!(wrong("#[derive(Clone)]\n#[non_exhaustive]\npub enum A { B }"), 0);
    assert_eq!(wrong("#[non_exhaustive]\n#[derive(Clone)]\npub enum A { B }"), 0);
    assert_eq!(wrong("#[non_exhaustive]\npub struct A;\n#[derive(Clone)]\npub enum B { C }"), 1);
}

fn is_error<E: Copy + Eq + Debug + Error + Send + Sync + 'static>(name: &str) -> (String, usize) {
    (name.to_owned(), size_of::<E>())
}

/// The same for what is stored. There is no room for a service's words; those that say which chunk of a body is at fault have room for
/// that.
fn errors_at_rest() -> Vec<(String, usize)> {
    macro_rules! errors {
        ($($error:ty),+ $(,)?) => { vec![$(is_error::<$error>(stringify!($error))),+] };
    }
    let errors = errors![
        CompatibleError,
        ContextError,
        FileRecipientsError,
        KekError,
        KeyringError,
        MediaError,
        NewArchiveError,
        OpenKeyringError,
        OpenRecoveryError,
        ParametersOutOfBounds,
        RebindError,
        RecordError,
        RecoveryCodeError,
        RecoverySetError,
        ReferenceTooLong,
        RewrapError,
        SealArchiveError,
        SealFileError,
        SealRecordError,
        ShareCodeError,
        TotpError,
        UnlockError,
        UnwrapError,
        WrapError,
    ];
    assert!(errors.iter().all(|(_, size)| *size <= 2), "{errors:?}");
    let chunks = errors![ArchiveError, AttachmentError, FileError];
    assert!(chunks.iter().all(|(_, size)| *size <= size_of::<(u64, u64)>()), "{chunks:?}");
    errors.into_iter().chain(chunks).chain(errors_of_passphrases()).collect()
}

#[cfg(feature = "password")]
fn errors_of_passphrases() -> [(String, usize); 1] {
    [is_error::<confidant::PassphraseError>("PassphraseError")]
}

/// Without the feature it is not there to be asked.
#[cfg(not(feature = "password"))]
fn errors_of_passphrases() -> [(String, usize); 1] {
    [("PassphraseError".to_owned(), 0)]
}

/// an error is a number and perhaps another one. There is no room in it for a key, nor for a peer's words.
#[test]
fn errors_carry_nothing() {
    macro_rules! errors {
        ($($error:ty),+ $(,)?) => { [$(is_error::<$error>(stringify!($error))),+] };
    }
    let errors = errors![
        AcceptError,
        AddressError,
        ApplicationTooLong,
        BeginError,
        BundleError,
        CertificateError,
        CompareError,
        DecodeError,
        DecryptError,
        DevicesError,
        DistributeError,
        DistributionError,
        EncryptError,
        ExportError,
        GroupDecryptError,
        GroupEncryptError,
        GroupError,
        InitiateError,
        InvalidKey,
        IssueError,
        LimitTooHigh,
        OpenError,
        PreKeyError,
        RandomnessFailed,
        ReceiveError,
        RestoreError,
        RetryRefused,
        SealError,
        SealedError<AcceptError>,
        SealedError<DecryptError>,
        SealedError<GroupDecryptError>,
        SendError,
        TrustError,
    ];
    assert!(errors.iter().all(|(_, size)| *size <= 2), "{errors:?}");
    let mut errors: Vec<_> = errors.into_iter().chain(errors_at_rest()).collect();
    errors.sort();
    let without_parameter =
        |(name, _): &(String, usize)| name.split('<').next().unwrap().trim().to_owned();
    let mut named: Vec<String> = errors.iter().map(without_parameter).collect();
    named.dedup();
    assert_eq!(all_errors(), named, "this test has forgotten an error");
}

/// Every type that `errors` speaks for.
fn all_errors() -> Vec<String> {
    let mut names = Vec::new();
    for file in files("src/errors", "rs") {
        let code = file.code();
        let speaks = (0..code.len()).filter(|at| stands(&code, *at, &["Error", "for"]));
        names.extend(speaks.map(|at| code[at + 2].text.to_owned()));
    }
    names.sort();
    names
}

/// what an error says is one line, and has no bytes in it.
#[test]
fn errors_speak_in_one_line() {
    let errors: [&dyn Error; 29] = [
        &BeginError::Refused(InitiateError::IdentityChanged),
        &DevicesError::NoDevices,
        &ReceiveError::Decrypt(DecryptError::Malformed(DecodeError::WrongKind)),
        &RetryRefused::IdentityChanged,
        &SendError::Handshake(Need::Unanswered),
        &DistributeError::NotAMember,
        &DistributionError::OldKey,
        &DistributionError::Malformed(DecodeError::NotCanonical),
        &GroupDecryptError::OldKey,
        &GroupDecryptError::Malformed(DecodeError::WrongKind),
        &GroupEncryptError::RotationDue,
        &GroupError::MembersDiffer,
        &EncryptError::WrongPeer,
        &CertificateError::NotYetValid,
        &CompareError::Malformed(DecodeError::Truncated),
        &IssueError::NamesTooLong,
        &OpenError::Malformed(DecodeError::WrongKind),
        &SealError::TooManyRecipients,
        &SealedError::<AcceptError>::WrongSender,
        &SealedError::Refused(DecryptError::Duplicate),
        &TrustError::IdentityChanged,
        &AcceptError::UnknownPreKey(PreKeyKind::KemOneTime),
        &BundleError::BadSignature(PreKeyKind::Signed),
        &DecodeError::NotCanonical,
        &DecryptError::Malformed(DecodeError::WrongKind),
        &EncryptError::ChainExhausted,
        &InitiateError::IdentityChanged,
        &PreKeyError::Randomness,
        &RestoreError::Malformed(DecodeError::Corrupted),
    ];
    for error in errors {
        let text = error.to_string();
        assert!((10..80).contains(&text.len()) && !text.contains(['\n', '[', '{']), "{text}");
    }
    let told = DecryptError::Malformed(DecodeError::WrongKind).to_string();
    assert_eq!(told, "not a message: not the expected format");
    let told = SealedError::Refused(DecryptError::Duplicate).to_string();
    assert_eq!(told, DecryptError::Duplicate.to_string(), "a seal adds nothing");
}

/// the same for encryption at rest: every variant, and what it says.
#[test]
fn errors_at_rest_say_what_they_say() {
    let all = said::all();
    for said in &all {
        let said::Said { name, text, expected } = said;
        assert_eq!(text, expected, "{name}");
        let is_a_line = (10..100).contains(&text.len()) && !text.contains(['\n', '[', '{']);
        assert!(is_a_line, "{name}: {text}");
    }
    let mut named: Vec<&str> = all.iter().map(|said| said.name.as_str()).collect();
    named.sort_unstable();
    assert_eq!(variants_at_rest(), named, "the list has forgotten a variant");
}

/// Every variant of an error at rest that `errors` speaks for; a type alone if it has none.
fn variants_at_rest() -> Vec<String> {
    let mut variants = Vec::new();
    for file in files("src/errors", "rs") {
        if !["envelope.rs", "file.rs", "recovery.rs"].iter().any(|name| file.path.ends_with(name)) {
            continue;
        }
        let code = file.code();
        for at in (0..code.len()).filter(|at| stands(&code, *at, &["Display", "for"])) {
            let end = closing(&code, at + 3).unwrap();
            let arms = (at..end).filter(|at| stands(&code, *at, &["Self", "::"]));
            let arms: Vec<&str> = arms.map(|at| code[at + 2].text).collect();
            let kind = code[at + 2].text;
            variants.extend(arms.iter().map(|arm| format!("{kind}::{arm}")));
            variants.extend(arms.is_empty().then(|| kind.to_owned()));
        }
    }
    variants.sort();
    variants
}

/// Sessions live in servers and in background tasks.
#[test]
fn everything_goes_between_threads() {
    macro_rules! stays {
        ($($type:ty),+ $(,)?) => {{
            let all = [$((stringify!($type), implements!($type: Send + Sync + Unpin + 'static))),+];
            all.into_iter().filter(|(_, goes)| !goes).map(|(name, _)| name).collect::<Vec<_>>()
        }};
    }
    let stay = stays![
        Accepted,
        Address,
        CertificateIssuer,
        CertificateKey,
        CertificateKeyId,
        CertificatePublicKey,
        Change,
        Context,
        Delivery,
        DeliveryKey,
        DeliveryToken,
        DeliveryVerifier,
        DeviceId,
        DeviceRecord,
        Distribution,
        GroupId,
        GroupReceived,
        GroupSession,
        Identity,
        Incoming,
        Limits,
        MembersChanged,
        MessageId,
        Need,
        Opened,
        Outgoing,
        Party,
        Peer,
        Plaintext,
        Policy,
        PreKeyBundle,
        PreKeyId,
        PreKeyKind,
        PreKeyMessage<'static>,
        PreKeyStatus,
        PreKeyStore,
        Provider,
        PublicIdentity,
        Publication,
        Received,
        RetryRequest,
        Role,
        Rotation,
        SafetyNumber,
        SealedContent<'static>,
        SealedKind,
        SealedMessage<'static>,
        SealedSender<'static>,
        SealedUpload<'static>,
        Secret<32>,
        SenderCertificate,
        Sent,
        ServerCertificate,
        Session,
        SessionInfo,
        Snapshot,
        StateName,
        Suite,
        Trust,
        TrustRoots,
        TrustStore,
        UnixTime,
        Unstored<Delivery>,
        Us<'static>,
        UsedPreKeys,
        UserId,
        UserRecord,
        Verified,
        VerifiedBundle,
        VerifiedSender,
    ];
    assert_eq!(stay, [""; 0]);
    assert_eq!(stays![std::rc::Rc<u8>], ["std::rc::Rc<u8>"]);
}

/// Calls of `.sign(…)` where nothing is to be signed, and public functions that sign.
fn signing(file: &File) -> Vec<String> {
    let code = file.code();
    let mut lines = lines_with(&code, &[".", "sign", "("]);
    if SIGNERS.contains(&(file.in_src(), lines.len())) {
        lines.clear();
    }
    let offered = (0..code.len()).filter(|at| {
        let name = code.get(at + 2).map_or("", |token| token.text);
        stands(&code, *at, &["pub", "fn"]) && name.starts_with("sign")
    });
    lines.extend(offered.filter(|at| code[at + 2].text != "signed_prekey").map(|at| code[at].line));
    lines.iter().map(|line| format!("{}:{line}: signs", file.path)).collect()
}

/// an identity signs pre-keys, behind a label, and nothing that a caller hands to it.
#[test]
fn the_identity_signs_nothing_for_others() {
    assert_none(signing);
    let wrong = |path, text| signing(&File::new(path, text)).len();
    assert_eq!(wrong("src/keys/prekey.rs", "fn a() { identity.sign(&b); }"), 0);
    assert_eq!(wrong("src/keys/prekey.rs", "fn a() { i.sign(&b); i.sign(&c); }"), 2);
    assert_eq!(wrong("src/session/mod.rs", "fn a() { self.identity.sign(b); }"), 1);
    assert_eq!(wrong("src/keys/identity.rs", "impl I { pub fn sign_raw(&self, b: &[u8]) {} }"), 1);
}

/// what is printed of a secret is that it is one.
#[test]
fn secrets_print_nothing_of_themselves() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 51);
        let hello = world.initiate().encrypt(b"hello", &mut world.rng).unwrap();
        let Accepted { session, received, used, .. } = world.accept(&hello);
        let printed = |value: &dyn Debug| format!("{value:?}");
        assert_eq!(printed(&Secret::<4>::init_with(|bytes| bytes.fill(7))), "Secret<4>(..)");
        assert_eq!(printed(&received.plaintext), "Plaintext(5 bytes)");
        let (epoch, len) = (session.epoch(), session.snapshot().expose().len());
        let snapshot = format!("Snapshot(epoch {epoch}, {len} bytes)");
        assert_eq!(printed(&session.snapshot()), snapshot);
        let alice = world.alice.public();
        assert_eq!(printed(&world.alice), format!("Identity {{ public: {alice:?}, .. }}"));
        let (peer, prekeys) = (session.peer(), &world.prekeys);
        let shown = format!(
            "Session {{ suite: {suite:?}, role: Responder, peer: {peer:?}, epoch: {epoch}, established: true, .. }}"
        );
        assert_eq!(printed(&session), shown);
        let shown = format!(
            "PreKeyStore {{ suite: {suite:?}, identity: {:?}, epoch: {}, signed: {:?}, one_time: 0, kem_one_time: 0, .. }}",
            world.bob.public(),
            prekeys.epoch(),
            used.signed,
        );
        assert_eq!(printed(prekeys), shown);
    }
}

/// keys of certificates and delivery print nothing of themselves, and a sealed message nothing of what is inside.
#[test]
fn sealed_messages_print_nothing_of_what_is_inside() {
    let (office, mut rng) = (Office::new(), TestRng::new(52));
    let [alice, bob] = ["alice", "bob"].map(|user| office.person(user, &mut rng));
    let sealed = alice.say(&bob, b"a secret", &mut rng);
    let printed = |value: &dyn Debug| format!("{value:?}");
    let opened = bob.open(&sealed).unwrap();
    assert_eq!(printed(&opened), "Opened(..)");
    let sealed = opened.verify(&office.roots, NOW).unwrap();
    let shown = format!("VerifiedSender({:?}, Control)", alice.party());
    assert_eq!(printed(&sealed.with_associated_data(b"data")), shown);
    let key = DeliveryKey::generate(&mut rng).unwrap();
    assert_eq!(printed(&key), "DeliveryKey(Secret<32>(..))");
    assert_eq!(printed(&key.token()), "DeliveryToken(..)");
    let id = office.root.public().id();
    assert_eq!(printed(&office.root), format!("CertificateKey({id:?})"));
    // What prints its parts prints no seeds: the keys' names, and public values.
    for byte in [office::ROOT_SEED[0], office::SERVER_SEED[0]] {
        let seed = format!("{byte}, {byte}, {byte}");
        assert!(!printed(&office.issuer).contains(&seed) && !printed(&office.root).contains(&seed));
    }
    let identity = printed(&alice.identity);
    assert!(printed(&alice.sender()).contains(&identity));
}
