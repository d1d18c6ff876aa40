use confidant::{Party, TrustStore};

fn remember(trust: &mut TrustStore, claimed: &Party) {
    let _ = trust.meet(claimed);
}

fn main() {}
