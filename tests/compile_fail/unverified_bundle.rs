use confidant::{Context, Identity, PreKeyBundle, Session};

fn begin(alice: &Identity, bundle: &PreKeyBundle, context: &Context) {
    let _ = Session::initiate(alice, bundle, context, &mut getrandom::SysRng);
}

fn main() {}
