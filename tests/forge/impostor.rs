//! A first message of suite `X3dh` without the initiator's secrets: with the secret of the responder's signed pre-key, and
//! public values. Written from `src/docs/spec.md` alone.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha512};
use x25519_dalek::{PublicKey, StaticSecret};

use super::{First, SIGNED, X3DH, hash, hkdf, prekey_id};

/// What the impostor knows.
pub struct Known {
    /// Whom to impersonate: public.
    pub initiator: [u8; 64],
    /// To whom: public.
    pub responder: [u8; 64],
    /// The secret of the responder's signed pre-key.
    pub signed_secret: [u8; 32],
    /// `lp16(application) ‖ lp16(address_A) ‖ lp16(address_B)`.
    pub context: Vec<u8>,
}

/// An address's encoding behind its length.
pub fn lp16_address(provider: &str, user: &str, device: u32) -> Vec<u8> {
    let mut address = vec![0x01, u8::try_from(provider.len()).unwrap()];
    address.extend(provider.as_bytes());
    address.extend([0x02, u8::try_from(user.len()).unwrap()]);
    address.extend(user.as_bytes());
    address.push(0x03);
    address.extend(device.to_be_bytes());
    let len = u16::try_from(address.len()).unwrap().to_be_bytes();
    [&len[..], &address].concat()
}

impl Known {
    /// A first message that says `plaintext`, with an EK and a ratchet key that the impostor has chosen.
    pub fn first_message(&self, plaintext: &[u8]) -> First {
        let (ek, ratchet) = (StaticSecret::from([0x11; 32]), StaticSecret::from([0x22; 32]));
        let signed = StaticSecret::from(self.signed_secret);
        let signed_public = PublicKey::from(&signed);
        let ephemeral = PublicKey::from(&ek).to_bytes();
        let root = self.root(&ek);
        let turned: [u8; 64] = hkdf(
            &root,
            ratchet.diffie_hellman(&signed_public).as_bytes(),
            b"confidant/v1/ratchet/root",
        );
        let mut step = <Hmac<Sha256> as KeyInit>::new_from_slice(&turned[32..]).unwrap();
        step.update(&[0x01]);
        let key: [u8; 32] = step.finalize().into_bytes().into();
        let header = [&[0x01, 0x02][..], PublicKey::from(&ratchet).as_bytes(), &[0; 8]].concat();
        let sealed = seal(&key, &header, plaintext);
        First {
            suite: X3DH,
            identity: self.initiator,
            ephemeral,
            signed: prekey_id(SIGNED, signed_public.as_bytes()),
            one_time: None,
            kem: None,
            message: [header, sealed].concat(),
        }
    }

    /// The handshake's RK.
    fn root(&self, ek: &StaticSecret) -> [u8; 32] {
        let signed = StaticSecret::from(self.signed_secret);
        let signed_public = PublicKey::from(&signed);
        let ikm = [
            [0xff; 32],
            *signed.diffie_hellman(&agreement(&self.initiator)).as_bytes(), // DH1
            *ek.diffie_hellman(&agreement(&self.responder)).as_bytes(),     // DH2
            *ek.diffie_hellman(&signed_public).as_bytes(),                  // DH3
        ]
        .concat();
        let transcript = hash(
            "confidant/v1/handshake/transcript",
            &[
                &[X3DH],
                &self.context,
                &self.initiator,
                &self.responder,
                &[SIGNED],
                &prekey_id(SIGNED, signed_public.as_bytes()),
                signed_public.as_bytes(),
                &[0, 0, 0],
                PublicKey::from(ek).as_bytes(),
            ],
        );
        let info = [&b"confidant/v1/handshake/keys"[..], &[X3DH], &transcript].concat();
        let okm: [u8; 192] = hkdf(&[0; 32], &ikm, &info);
        okm[..32].try_into().unwrap()
    }
}

fn agreement(identity: &[u8; 64]) -> PublicKey {
    let half: [u8; 32] = identity[32..].try_into().unwrap();
    PublicKey::from(half)
}

/// Cobblestone-256, one chunk, with a salt of the impostor's.
fn seal(key: &[u8; 32], header: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let salt = [0x33; 24];
    let info = [
        &b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"[..],
        &salt,
        b"confidant/v1/ratchet/message",
        header,
    ]
    .concat();
    let mut okm = [0; 76];
    let prk = [&key[..], &[0; 32]].concat();
    Hkdf::<Sha512>::from_prk(&prk).unwrap().expand(&info, &mut okm).unwrap();
    let cipher = Aes256Gcm::new_from_slice(&okm[..32]).unwrap();
    let nonce: [u8; 12] = okm[32..44].try_into().unwrap();
    let mut sealed = plaintext.to_vec();
    let tag = cipher
        .encrypt_inout_detached(&Nonce::from(nonce), &[], sealed.as_mut_slice().into())
        .unwrap();
    [&salt[..], &okm[44..], &sealed, &tag].concat()
}
