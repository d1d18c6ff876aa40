//! Alice, whom servers have certified, and those whom she writes to.

use confidant::{
    CertificateIssuer, CertificateKey, GroupId, GroupSession, Identity, Party, Rotation,
    SealedContent, SealedSender, SenderCertificate, TrustRoots, UnixTime,
};

use crate::common::{NOW, SUITES, TestRng, World, address};

/// Certificates that are used by turns: how long their signatures take to verify depends on their bits.
const CERTIFICATES: u64 = 16;

pub struct Scene {
    pub alice: Identity,
    /// All of Alice, each from another server under the same root.
    pub certificates: Vec<SenderCertificate>,
    pub roots: TrustRoots,
    pub rng: TestRng,
}

impl Scene {
    pub fn new(seed: u64) -> Self {
        let mut rng = TestRng::new(seed);
        let alice = Identity::generate(&mut rng).unwrap();
        let party = Party::new(address("alice"), alice.public());
        let root = CertificateKey::generate(&mut rng).unwrap();
        let certificates = (0..CERTIFICATES).map(|_| certify(&root, &party, &mut rng)).collect();
        Self { alice, certificates, roots: TrustRoots::new([root.public()]), rng }
    }

    pub fn sender(&self) -> SealedSender<'_> {
        SealedSender::new(&self.alice, &self.certificates[0], NOW).unwrap()
    }

    /// The same message to `bob`, sealed with each certificate.
    pub fn sealed(&mut self, bob: &Party, message: &[u8]) -> Vec<Vec<u8>> {
        let Self { alice, certificates, rng, .. } = self;
        let content = SealedContent::Message(message);
        let senders = certificates.iter().map(|it| SealedSender::new(alice, it, NOW).unwrap());
        senders.map(|sender| sender.seal(bob, content, rng).unwrap()).collect()
    }
}

fn certify(root: &CertificateKey, party: &Party, rng: &mut TestRng) -> SenderCertificate {
    let server = CertificateKey::generate(rng).unwrap();
    let until = UnixTime::from_secs(NOW.as_secs() + 30 * 86_400);
    let certificate = root.certify(&server.public(), NOW, until);
    let issuer = CertificateIssuer::new(server, certificate).unwrap();
    issuer.issue(party, NOW, 86_400).unwrap()
}

/// A session's message with a text of that length.
pub fn message(len: usize) -> Vec<u8> {
    let mut world = World::new(SUITES[0], 1, 31);
    let (mut alice, _bob) = world.conversation();
    alice.encrypt(&vec![1; len], &mut world.rng).unwrap()
}

/// A group's message with a text of that length.
pub fn group_message(len: usize) -> Vec<u8> {
    let mut rng = TestRng::new(32);
    let us = Party::new(address("alice"), Identity::generate(&mut rng).unwrap().public());
    let id = GroupId::new("village").unwrap();
    let mut group = GroupSession::new(id, us.clone(), 1, [us], Rotation::default()).unwrap();
    group.rotate(NOW, &mut rng).unwrap();
    group.encrypt(&vec![1; len], &[], NOW, &mut rng).unwrap()
}

/// That many devices, of `user0`, `user1`, …
pub fn recipients(count: usize) -> Vec<Party> {
    let mut rng = TestRng::new(33);
    let mut identity = || Identity::generate(&mut rng).unwrap().public();
    (0..count).map(|n| Party::new(address(&format!("user{n}")), identity())).collect()
}
