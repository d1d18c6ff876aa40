//! The other points that X25519 cannot tell from a given one: P + T for T of small order. Affine arithmetic on Curve25519,
//! v² = u³ + 486662·u² + u over the integers modulo 2^255 − 19. For public values.

use super::small_order_u;

/// The *u*-coordinates of P + T for the seven points T of small order, P being a point with coordinate `u`.
pub fn translates(u: &[u8; 32]) -> [[u8; 32]; 7] {
    let point = Point::with_u(u).expect("on the curve");
    // The fifth is on the twist.
    let [two, four, eight, eight_too, _] = small_order_u().map(|u| Point::with_u(&u));
    let [two, four, eight, eight_too] = [two, four, eight, eight_too].map(Option::unwrap);
    let torsion =
        [two, four, four.negated(), eight, eight.negated(), eight_too, eight_too.negated()];
    torsion.map(|torsion| point.plus(torsion).u.write())
}

#[derive(Clone, Copy)]
struct Point {
    u: Field,
    v: Field,
}

impl Point {
    /// One of the two points with this coordinate, if it is on the curve.
    fn with_u(u: &[u8; 32]) -> Option<Self> {
        let u = Field::read(u);
        let square = u.times(u).times(u).plus(Field::A.times(u).times(u)).plus(u);
        square.root().map(|v| Self { u, v })
    }

    fn negated(self) -> Self {
        Self { v: Field::ZERO.minus(self.v), ..self }
    }

    /// The chord rule; `self` and `other` have different *u*.
    fn plus(self, other: Self) -> Self {
        let slope = other.v.minus(self.v).times(other.u.minus(self.u).inverse());
        let u = slope.times(slope).minus(Field::A).minus(self.u).minus(other.u);
        Self { u, v: slope.times(self.u.minus(u)).minus(self.v) }
    }
}

/// A number below 2^255 − 19, in little-endian digits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Field([u32; 8]);

impl Field {
    const ZERO: Self = Self([0; 8]);
    const A: Self = Self([486_662, 0, 0, 0, 0, 0, 0, 0]);
    const P: [u32; 8] = [!18, !0, !0, !0, !0, !0, !0, !0 >> 1];

    fn read(bytes: &[u8; 32]) -> Self {
        let mut digits = [0; 8];
        for (digit, chunk) in digits.iter_mut().zip(bytes.chunks_exact(4)) {
            *digit = u32::from_le_bytes(chunk.try_into().unwrap());
        }
        Self(digits)
    }

    fn write(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, digit) in bytes.chunks_exact_mut(4).zip(self.0) {
            chunk.copy_from_slice(&digit.to_le_bytes());
        }
        bytes
    }

    fn plus(self, other: Self) -> Self {
        let mut sum = [0; 16];
        for (at, digit) in sum.iter_mut().take(8).enumerate() {
            *digit = u64::from(self.0[at]) + u64::from(other.0[at]);
        }
        Self::reduced(sum)
    }

    fn minus(self, other: Self) -> Self {
        self.plus(Self(subtract(&Self::P, &other.0).0))
    }

    fn times(self, other: Self) -> Self {
        let mut product = [0_u64; 16];
        for (i, a) in self.0.into_iter().enumerate() {
            let mut carry = 0;
            for (j, b) in other.0.into_iter().enumerate() {
                let digit = product[i + j] + u64::from(a) * u64::from(b) + carry;
                product[i + j] = digit & 0xffff_ffff;
                carry = digit >> 32;
            }
            product[i + 8] = carry;
        }
        Self::reduced(product)
    }

    /// 2^256 is 38.
    fn reduced(mut digits: [u64; 16]) -> Self {
        while digits[8..] != [0; 8] || digits[..8].iter().any(|digit| digit >> 32 != 0) {
            let mut carry = 0;
            let mut folded = [0; 16];
            for at in 0..8 {
                let digit = digits[at] + 38 * digits[at + 8] + carry;
                folded[at] = digit & 0xffff_ffff;
                carry = digit >> 32;
            }
            folded[8] = carry;
            digits = folded;
        }
        let mut out = [0; 8];
        out.copy_from_slice(&digits[..8]);
        let mut out = out.map(|digit: u64| u32::try_from(digit).unwrap());
        loop {
            let (difference, borrowed) = subtract(&out, &Self::P);
            if borrowed {
                return Self(out);
            }
            out = difference;
        }
    }

    fn power(self, exponent: [u32; 8]) -> Self {
        let bits = (0..256).rev().map(|bit| exponent[bit / 32] >> (bit % 32) & 1);
        let one = Self([1, 0, 0, 0, 0, 0, 0, 0]);
        bits.fold(one, |power, bit| {
            let square = power.times(power);
            if bit == 1 { square.times(self) } else { square }
        })
    }

    /// By Fermat: to the power of p − 2.
    fn inverse(self) -> Self {
        let [low, rest @ ..] = Self::P;
        let mut exponent = [low - 2, 0, 0, 0, 0, 0, 0, 0];
        exponent[1..].copy_from_slice(&rest);
        self.power(exponent)
    }

    /// A square root: to the power of (p + 3)/8 = 2^252 − 2, times the root of −1 where that is not it.
    fn root(self) -> Option<Self> {
        let candidate = self.power([!1, !0, !0, !0, !0, !0, !0, !0 >> 4]);
        // 2^((p − 1)/4), and (p − 1)/4 = 2^253 − 5.
        let two = Self([2, 0, 0, 0, 0, 0, 0, 0]);
        let root_of_minus_one = two.power([!4, !0, !0, !0, !0, !0, !0, !0 >> 3]);
        [candidate, candidate.times(root_of_minus_one)]
            .into_iter()
            .find(|root| root.times(*root) == self)
    }
}

/// The difference, and whether it wrapped around.
fn subtract(a: &[u32; 8], b: &[u32; 8]) -> ([u32; 8], bool) {
    let mut borrow = false;
    let mut out = [0; 8];
    for at in 0..8 {
        let (difference, first) = a[at].overflowing_sub(b[at]);
        let (difference, second) = difference.overflowing_sub(u32::from(borrow));
        out[at] = difference;
        borrow = first || second;
    }
    (out, borrow)
}
