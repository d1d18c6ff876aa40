"""ML-KEM-1024 of FIPS 203, deterministic, for test vectors only: slow, and not constant-time."""

import hashlib

Q, N, K = 3329, 256, 4
ETA, DU, DV = 2, 11, 5
EK_SIZE, CT_SIZE = 1568, 1568


def _bit_reverse7(i):
    return int(f"{i:07b}"[::-1], 2)


ZETAS = [pow(17, _bit_reverse7(i), Q) for i in range(128)]
GAMMAS = [pow(17, 2 * _bit_reverse7(i) + 1, Q) for i in range(128)]


def _g(data):
    digest = hashlib.sha3_512(data).digest()
    return digest[:32], digest[32:]


def _h(data):
    return hashlib.sha3_256(data).digest()


def _j(data):
    return hashlib.shake_256(data).digest(32)


def byte_encode(values, d):
    """Algorithm 5."""
    bits = 0
    for i, value in enumerate(values):
        bits |= value << (i * d)
    return bits.to_bytes(32 * d, "little")


def byte_decode(data, d):
    """Algorithm 6."""
    bits, mask = int.from_bytes(data, "little"), (1 << d) - 1
    values = [(bits >> (i * d)) & mask for i in range(N)]
    return [v % Q for v in values] if d == 12 else values


def _compress(values, d):
    return [((v << d) + Q // 2) // Q % (1 << d) for v in values]


def _decompress(values, d):
    return [(v * Q + (1 << (d - 1))) >> d for v in values]


def _sample_ntt(seed):
    """Algorithm 7: a longer output of SHAKE128 begins with the shorter one."""
    stream = hashlib.shake_128(seed).digest(3 * 1024)
    out, at = [], 0
    while len(out) < N:
        b0, b1, b2 = stream[at:at + 3]
        at += 3
        for value in (b0 + 256 * (b1 % 16), b1 // 16 + 16 * b2):
            if value < Q and len(out) < N:
                out.append(value)
    return out


def _sample_cbd(seed, counter):
    """Algorithm 8 with eta = 2, on PRF(seed, counter)."""
    data = hashlib.shake_256(seed + bytes([counter])).digest(64 * ETA)
    bits = int.from_bytes(data, "little")
    out = []
    for i in range(N):
        nibble = bits >> (4 * i)
        out.append(((nibble & 1) + (nibble >> 1 & 1) - (nibble >> 2 & 1) - (nibble >> 3 & 1)) % Q)
    return out


def _ntt(poly):
    """Algorithm 9."""
    f, i, length = list(poly), 1, 128
    while length >= 2:
        for start in range(0, N, 2 * length):
            zeta, i = ZETAS[i], i + 1
            for j in range(start, start + length):
                t = zeta * f[j + length] % Q
                f[j + length] = (f[j] - t) % Q
                f[j] = (f[j] + t) % Q
        length //= 2
    return f


def _inverse_ntt(poly):
    """Algorithm 10."""
    f, i, length = list(poly), 127, 2
    while length <= 128:
        for start in range(0, N, 2 * length):
            zeta, i = ZETAS[i], i - 1
            for j in range(start, start + length):
                t = f[j]
                f[j] = (t + f[j + length]) % Q
                f[j + length] = zeta * (f[j + length] - t) % Q
        length *= 2
    return [v * 3303 % Q for v in f]


def _multiply(a, b):
    """Algorithms 11 and 12."""
    out = []
    for i in range(128):
        a0, a1, b0, b1 = a[2 * i], a[2 * i + 1], b[2 * i], b[2 * i + 1]
        out.append((a0 * b0 + a1 * b1 % Q * GAMMAS[i]) % Q)
        out.append((a0 * b1 + a1 * b0) % Q)
    return out


def _add(a, b):
    return [(x + y) % Q for x, y in zip(a, b)]


def _dot(a, b):
    total = [0] * N
    for x, y in zip(a, b):
        total = _add(total, _multiply(x, y))
    return total


def _matrix(rho):
    return [[_sample_ntt(rho + bytes([j, i])) for j in range(K)] for i in range(K)]


def keygen(d, z):
    """Algorithm 16, ML-KEM.KeyGen_internal: the encapsulation key and the decapsulation key."""
    rho, sigma = _g(d + bytes([K]))
    a = _matrix(rho)
    s = [_ntt(_sample_cbd(sigma, i)) for i in range(K)]
    e = [_ntt(_sample_cbd(sigma, K + i)) for i in range(K)]
    t = [_add(_dot(a[i], s), e[i]) for i in range(K)]
    ek = b"".join(byte_encode(p, 12) for p in t) + rho
    dk = b"".join(byte_encode(p, 12) for p in s)
    return ek, dk + ek + _h(ek) + z


def key_is_valid(ek):
    """Section 7.2: the type check and the modulus check."""
    if len(ek) != EK_SIZE:
        return False
    parts = [ek[384 * i:384 * (i + 1)] for i in range(K)]
    return all(byte_encode(byte_decode(p, 12), 12) == p for p in parts)


def _encrypt(ek, m, r):
    """Algorithm 14, K-PKE.Encrypt."""
    t = [byte_decode(ek[384 * i:384 * (i + 1)], 12) for i in range(K)]
    a = _matrix(ek[384 * K:])
    y = [_ntt(_sample_cbd(r, i)) for i in range(K)]
    e1 = [_sample_cbd(r, K + i) for i in range(K)]
    e2 = _sample_cbd(r, 2 * K)
    u = [_add(_inverse_ntt(_dot([a[j][i] for j in range(K)], y)), e1[i]) for i in range(K)]
    mu = _decompress(byte_decode(m, 1), 1)
    v = _add(_add(_inverse_ntt(_dot(t, y)), e2), mu)
    c1 = b"".join(byte_encode(_compress(p, DU), DU) for p in u)
    return c1 + byte_encode(_compress(v, DV), DV)


def _decrypt(dk_pke, ct):
    """Algorithm 15, K-PKE.Decrypt."""
    size = 32 * DU
    u = [_decompress(byte_decode(ct[size * i:size * (i + 1)], DU), DU) for i in range(K)]
    v = _decompress(byte_decode(ct[size * K:], DV), DV)
    s = [byte_decode(dk_pke[384 * i:384 * (i + 1)], 12) for i in range(K)]
    product = _inverse_ntt(_dot(s, [_ntt(p) for p in u]))
    w = [(x - y) % Q for x, y in zip(v, product)]
    return byte_encode(_compress(w, 1), 1)


def encaps(ek, m):
    """Algorithm 17, ML-KEM.Encaps_internal: the shared secret and the ciphertext."""
    shared, r = _g(m + _h(ek))
    return shared, _encrypt(ek, m, r)


def decaps(dk, ct):
    """Algorithm 18, ML-KEM.Decaps_internal, with implicit rejection."""
    dk_pke, ek = dk[:384 * K], dk[384 * K:384 * K + EK_SIZE]
    h, z = dk[-64:-32], dk[-32:]
    m = _decrypt(dk_pke, ct)
    shared, r = _g(m + h)
    return shared if _encrypt(ek, m, r) == ct else _j(z + ct)
