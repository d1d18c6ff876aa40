use confidant::{Opened, Party};

fn sender(opened: &Opened) -> &Party {
    opened.party()
}

fn main() {}
