"""The primitives under the model: HKDF, X25519, Ed25519 verified strictly, Cobblestone-256, and replayed randomness."""

import hashlib
import hmac

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
NEUTRAL = (0, 1)
CHUNK, TAG, SALT, COMMITMENT = 16384, 16, 24, 32

SMALL_ORDER_U = [bytes.fromhex(h) for h in (
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
)]


class Fail(Exception):
    """A refusal; its only argument is the error's name in spec.md."""

    @property
    def name(self):
        return self.args[0]


class Replay:
    """Randomness from a list: draws are served in order, and everything must be used."""

    def __init__(self, items):
        self.items = list(items)

    def draw(self, size):
        if not self.items:
            raise Fail("Randomness")
        item = self.items.pop(0)
        assert len(item) == size, f"a draw of {size} bytes meets an entry of {len(item)}"
        return item

    def close(self):
        assert not self.items, "random bytes were left over"


# ---- Notation

def sha256(data):
    return hashlib.sha256(data).digest()


def extract(salt, ikm, digest="sha256"):
    return hmac.digest(salt, ikm, digest)


def expand(prk, info, size, digest="sha256"):
    out, block, counter = b"", b"", 1
    while len(out) < size:
        block = hmac.digest(prk, block + info + bytes([counter]), digest)
        out, counter = out + block, counter + 1
    return out[:size]


# ---- X25519

def x25519_public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def dh(secret, public):
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))


def check_x25519(key):
    """wire.md, X25519 public key."""
    if int.from_bytes(key, "little") >= P or key in SMALL_ORDER_U:
        raise Fail("InvalidKey")
    return key


# ---- Ed25519

def point_add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P)


def point_encode(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def point_decode(data):
    """RFC 8032, 5.1.3; None if these bytes are no canonical encoding of a point."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if v * x * x % P != u or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x, y)


def has_small_order(point):
    for _ in range(3):
        point = point_add(point, point)
    return point == NEUTRAL


def is_good_point(data):
    point = point_decode(data)
    return point is not None and not has_small_order(point)


def check_ed25519(key):
    """wire.md, Ed25519 public key."""
    if not is_good_point(key):
        raise Fail("InvalidKey")
    return key


def ed25519_public(secret):
    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def ed25519_sign(secret, text):
    return Ed25519PrivateKey.from_private_bytes(secret).sign(text)


def ed25519_verify(public, text, signature):
    """spec.md, Signatures: strict. The library's equation is the cofactorless one."""
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if s >= L or not is_good_point(public) or not is_good_point(r):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except InvalidSignature:
        return False
    return True


# ---- Authenticated encryption

def cobblestone_keys(key, salt, context):
    info = b"c2sp.org/chunked-encryption@v1+" + b"AEAD_AES_256_GCM" + b"\0" + salt + context
    okm = expand(key, info, 76, "sha512")
    return okm[:32], okm[32:44], okm[44:]


def _nonce(base, k):
    return (int.from_bytes(base, "big") ^ k).to_bytes(12, "big")


def cobblestone_seal(key, salt, context, plaintext, trace=None):
    k, base, commitment = cobblestone_keys(key, salt, context)
    if trace is not None:
        trace.update({"aead_key": k, "base_nonce": base, "commitment": commitment})
    parts = [plaintext[i:i + CHUNK] for i in range(0, len(plaintext) + 1, CHUNK)]
    chunks = [AESGCM(k).encrypt(_nonce(base, i), part, None) for i, part in enumerate(parts)]
    return salt + commitment + b"".join(chunks)


def cobblestone_open(key, context, message):
    """The plaintext, or Unauthentic: the last chunk is a short one, and no other is."""
    salt, commitment, rest = message[:SALT], message[SALT:SALT + COMMITMENT], message[SALT + COMMITMENT:]
    k, base, expected = cobblestone_keys(key, salt, context)
    chunks = [rest[i:i + CHUNK + TAG] for i in range(0, len(rest) + 1, CHUNK + TAG)]
    if not hmac.compare_digest(commitment, expected) or len(chunks[-1]) < TAG:
        raise Fail("Unauthentic")
    try:
        return b"".join(AESGCM(k).decrypt(_nonce(base, i), chunk, None) for i, chunk in enumerate(chunks))
    except InvalidTag:
        raise Fail("Unauthentic") from None
