//! Zlib (RFC 1950) and DEFLATE (RFC 1951), decompression: the long messages of Wycheproof come compressed.

use alloc::vec;
use alloc::vec::Vec;

/// Decompresses what is well-formed; panics at anything else.
pub(in crate::internal) fn inflate(data: &[u8]) -> Vec<u8> {
    let (header, data) = data.split_at(2);
    assert_eq!((header[0] & 0x0f, u16::from_be_bytes([header[0], header[1]]) % 31), (8, 0));
    assert_eq!(header[1] & 0x20, 0, "no dictionary");
    let (data, sum) = data.split_last_chunk::<4>().unwrap();
    let mut bits = Bits { data, next: 0 };
    let mut out = Vec::new();
    while !block(&mut bits, &mut out) {}
    assert_eq!(bits.next.div_ceil(8), data.len());
    assert_eq!(adler32(&out), u32::from_be_bytes(*sum));
    out
}

fn adler32(data: &[u8]) -> u32 {
    let (mut a, mut b) = (1, 0);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}

struct Bits<'a> {
    data: &'a [u8],
    next: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> usize {
        let bit = self.data[self.next / 8] >> (self.next % 8) & 1;
        self.next += 1;
        bit.into()
    }

    /// A number whose lowest bit comes first.
    fn number(&mut self, len: usize) -> usize {
        (0..len).fold(0, |number, i| number | self.bit() << i)
    }

    /// The bytes from the next whole one on.
    fn take(&mut self, len: usize) -> &[u8] {
        let start = self.next.div_ceil(8);
        self.next = (start + len) * 8;
        &self.data[start..start + len]
    }
}

/// Decompresses one block; `true` after the last.
fn block(bits: &mut Bits<'_>, out: &mut Vec<u8>) -> bool {
    let last = bits.bit() == 1;
    match bits.number(2) {
        0 => {
            let [a, b, c, d] = *bits.take(4) else { unreachable!() };
            assert_eq!([a, b], [!c, !d]);
            let len = u16::from_le_bytes([a, b]);
            out.extend_from_slice(bits.take(len.into()));
        }
        1 => {
            let lengths = core::array::from_fn::<u8, 288, _>(|symbol| match symbol {
                144..256 => 9,
                256..280 => 7,
                _ => 8,
            });
            compressed(bits, out, &Code::new(&lengths), &Code::new(&[5; 30]));
        }
        2 => {
            let (literals, distances) = codes(bits);
            compressed(bits, out, &literals, &distances);
        }
        _ => panic!("no such block"),
    }
    last
}

/// RFC 1951, section 3.2.5.
fn compressed(bits: &mut Bits<'_>, out: &mut Vec<u8>, literals: &Code, distances: &Code) {
    loop {
        let symbol = literals.symbol(bits);
        let length = match symbol {
            0..256 => {
                out.push(symbol.try_into().unwrap());
                continue;
            }
            256 => return,
            257..265 => symbol - 254,
            265..285 => {
                let extra = (symbol - 261) / 4;
                (((symbol - 265) % 4 + 4) << extra) + 3 + bits.number(extra)
            }
            _ => 258,
        };
        let distance = match distances.symbol(bits) {
            symbol @ 0..4 => symbol + 1,
            symbol => {
                let extra = symbol / 2 - 1;
                ((symbol % 2 + 2) << extra) + 1 + bits.number(extra)
            }
        };
        for _ in 0..length {
            out.push(out[out.len() - distance]);
        }
    }
}

/// RFC 1951, section 3.2.7: the two codes, themselves coded.
fn codes(bits: &mut Bits<'_>) -> (Code, Code) {
    let literals = bits.number(5) + 257;
    let distances = bits.number(5) + 1;
    let given = bits.number(4) + 4;
    let mut of_lengths = [0; 19];
    for i in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].iter().take(given) {
        of_lengths[*i] = bits.number(3).try_into().unwrap();
    }
    let code = Code::new(&of_lengths);
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (length, times) = match code.symbol(bits) {
            16 => (*lengths.last().unwrap(), 3 + bits.number(2)),
            17 => (0, 3 + bits.number(3)),
            18 => (0, 11 + bits.number(7)),
            length => (length.try_into().unwrap(), 1),
        };
        lengths.resize(lengths.len() + times, length);
    }
    let (literals, distances) = lengths.split_at(literals);
    (Code::new(literals), Code::new(distances))
}

/// A canonical prefix code, RFC 1951, section 3.2.2: symbols by length, then by number.
struct Code {
    by_length: [Vec<usize>; 16],
}

impl Code {
    fn new(lengths: &[u8]) -> Self {
        let mut by_length = [const { vec![] }; 16];
        for (symbol, length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
            by_length[usize::from(*length)].push(symbol);
        }
        Self { by_length }
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> usize {
        let (mut code, mut first) = (0, 0);
        for symbols in &self.by_length[1..] {
            code = code << 1 | bits.bit();
            first <<= 1;
            if code - first < symbols.len() {
                return symbols[code - first];
            }
            first += symbols.len();
        }
        panic!("no such code")
    }
}
