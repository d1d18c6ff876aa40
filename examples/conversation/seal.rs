//! Sealed sender: what a device and its server need so that the relay does not learn who sends.

use confidant::{
    Address, CertificateIssuer, CertificateKey, CertificatePublicKey, Identity, Party,
    SealedContent, SealedMessage, SealedSender, SenderCertificate, TrustRoots, UnixTime,
    VerifiedSender,
};
use getrandom::SysRng;

use crate::Result;
use crate::device::now;

const DAY: u64 = 86_400;

/// The server where the accounts are. That a device is who it says is for the server to find out before it certifies: by its
/// login.
pub struct CertificateServer {
    issuer: CertificateIssuer,
    root: CertificatePublicKey,
}

impl CertificateServer {
    /// The root certifies the server's key, and is not needed again for a month: a real one is kept offline.
    pub fn new(now: UnixTime) -> Result<Self> {
        let root = CertificateKey::generate(&mut SysRng)?;
        let key = CertificateKey::generate(&mut SysRng)?;
        let until = UnixTime::from_secs(now.as_secs() + 30 * DAY);
        let certificate = root.certify(&key.public(), now, until);
        Ok(Self { issuer: CertificateIssuer::new(key, certificate)?, root: root.public() })
    }

    /// For a day: a device asks for a new certificate before that.
    pub fn certify(&self, device: &Party, now: UnixTime) -> Result<Seal> {
        let certificate = self.issuer.issue(device, now, DAY)?;
        Ok(Seal { certificate, roots: TrustRoots::new([self.root]) })
    }
}

/// What a device has to seal and to open with. The roots are pinned: a real application has them built in.
pub struct Seal {
    certificate: SenderCertificate,
    roots: TrustRoots,
}

impl Seal {
    /// Seals what a session has encrypted.
    pub fn close(&self, us: &Identity, to: &Party, message: &[u8]) -> Result<Vec<u8>> {
        let sender = SealedSender::new(us, &self.certificate, now())?;
        Ok(sender.seal(to, SealedContent::Message(message), &mut SysRng)?)
    }

    /// Opens what has come for us, and finds out from whom.
    pub fn open(
        &self,
        us: &Identity,
        our_address: &Address,
        bytes: &[u8],
    ) -> Result<VerifiedSender> {
        let opened = SealedMessage::decode(bytes)?.open(us, our_address)?;
        Ok(opened.verify(&self.roots, now())?)
    }

    pub const fn certificate(&self) -> &SenderCertificate {
        &self.certificate
    }
}
