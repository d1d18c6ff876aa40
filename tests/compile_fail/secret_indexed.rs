use confidant::Secret;

fn first(secret: &Secret<32>) -> u8 {
    secret[0]
}

fn main() {}
