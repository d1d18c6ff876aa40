"""Checks the model's own ML-KEM-1024 and Cobblestone-256 against the `cryptography` package, in both directions."""

import hashlib

from cryptography import cobblestone
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM1024PrivateKey, MLKEM1024PublicKey

import mlkem1024
import primitives


def stream(name, size):
    return hashlib.shake_256(b"confidant self test " + name.encode()).digest(size)


def check_kem(i):
    seed, m = stream(f"seed {i}", 64), stream(f"m {i}", 32)
    ek, dk = mlkem1024.keygen(seed[:32], seed[32:])
    other = MLKEM1024PrivateKey.from_seed_bytes(seed)
    assert ek == other.public_key().public_bytes_raw() and mlkem1024.key_is_valid(ek)
    shared, ct = mlkem1024.encaps(ek, m)
    assert other.decapsulate(ct) == shared == mlkem1024.decaps(dk, ct)
    shared, ct = MLKEM1024PublicKey.from_public_bytes(ek).encapsulate()
    assert mlkem1024.decaps(dk, ct) == shared
    bad = bytes([ct[0] ^ 1]) + ct[1:]
    assert mlkem1024.decaps(dk, bad) == other.decapsulate(bad) != shared
    assert not mlkem1024.key_is_valid(b"\xff\xff" + ek[2:])


def check_cobblestone(size):
    key, salt, context, text = (stream(f"{what} {size}", n) for what, n in
                                (("key", 32), ("salt", 24), ("context", 40), ("text", size)))
    ours = primitives.cobblestone_seal(key, salt, context, text)
    decryptor = cobblestone.Cobblestone256Decryptor(key, context)
    assert decryptor.update(ours) + decryptor.finalize() == text
    encryptor = cobblestone.Cobblestone256Encryptor(key, context)
    theirs = encryptor.update(text) + encryptor.finalize()
    assert primitives.cobblestone_open(key, context, theirs) == text
    assert len(ours) == len(theirs)


def check_ed25519():
    secret, text = stream("ed", 32), b"text"
    public, signature = primitives.ed25519_public(secret), primitives.ed25519_sign(secret, text)
    assert primitives.ed25519_verify(public, text, signature)
    assert not primitives.ed25519_verify(public, text + b"!", signature)
    assert primitives.point_encode(primitives.point_decode(public)) == public


def main():
    for i in range(8):
        check_kem(i)
    for size in (0, 1, 32, 16383, 16384, 16385, 32767, 32768, 32773):
        check_cobblestone(size)
    check_ed25519()
    print("self test passed")


if __name__ == "__main__":
    main()
