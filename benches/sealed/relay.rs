//! What the relay does: cuts uploads, compares delivery tokens.

use std::hint::black_box;

use confidant::{DeliveryKey, DeliveryToken, SealedContent, SealedUpload};

use crate::common::TestRng;
use crate::formulas;
use crate::pair::Pairs;
use crate::scene::{Scene, group_message, recipients};

const RECIPIENTS: usize = 1_000;
/// Version and type, E, C and tag.
const HEAD: usize = 2 + 3 * 32;

pub fn measure(pairs: &mut Pairs) {
    upload(pairs);
    token(pairs);
}

fn upload(pairs: &mut Pairs) {
    let (scene, message, to) = (Scene::new(38), group_message(32), recipients(RECIPIENTS));
    let content = SealedContent::Message(&message);
    let upload = scene.sender().seal_many(&to, content, &mut TestRng::new(39)).unwrap();
    let decode = || SealedUpload::decode(black_box(&upload)).unwrap();
    pairs.alone(&format!("sealed/check/{RECIPIENTS}"), |b| b.iter(decode));
    let heads = vec![[1_u8; HEAD]; RECIPIENTS];
    pairs.pair(
        &format!("sealed/cut/{RECIPIENTS}"),
        |b| b.iter(|| decode().views().for_each(|view| drop(black_box((view.0, view.1.head()))))),
        |b| {
            b.iter(|| {
                for head in black_box(&heads) {
                    black_box(*head);
                }
            });
        },
    );
}

fn token(pairs: &mut Pairs) {
    let token = DeliveryKey::generate(&mut TestRng::new(40)).unwrap().token();
    let (verifier, bytes) = (token.verifier(), *token.expose());
    pairs.pair(
        "sealed/token",
        |b| b.iter(|| assert!(verifier.accepts(&DeliveryToken::from_bytes(black_box(&bytes))))),
        |b| b.iter(formulas::token),
    );
}
