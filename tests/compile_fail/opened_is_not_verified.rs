use confidant::{Opened, Session};

fn read(session: &mut Session, opened: &Opened) {
    let _ = session.decrypt_sealed(opened);
}

fn main() {}
