use confidant::Secret;

fn bytes(secret: Secret<32>) -> [u8; 32] {
    *secret
}

fn main() {}
