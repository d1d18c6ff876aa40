use confidant::{PreKeyBundle, VerifiedBundle};

fn verify(bundle: PreKeyBundle) -> VerifiedBundle {
    VerifiedBundle(bundle)
}

fn main() {}
