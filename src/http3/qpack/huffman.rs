//! The Huffman code of strings (RFC 7541 section 5.2 and appendix B).
//!
//! The code is canonical: the lengths of its codes say all. Codes of one length follow each other
//! in the order of their symbols, behind those of all shorter ones.

/// How many bits the code of each symbol has; the last one is that of the end of a string.
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5,
    5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6,
    6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22,
    23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22,
    21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20,
    22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19,
    21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22,
    22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

/// The longest code.
const LONGEST: usize = 30;

/// Codes up to this length are found with one look.
const QUICK: u32 = 10;

/// The symbol that stands for the end of a string, which never occurs in one.
const END: u16 = 256;

/// The codes, by symbol: right-aligned bits.
static CODES: [u32; 257] = codes();

/// Symbols in the order of their codes.
static SYMBOLS: [u16; 257] = symbols();

/// By length: the first code, and the place of its symbol.
static FIRST: [(u32, u16); LONGEST + 2] = first();

/// By the next [`QUICK`] bits: symbol and length of the code that they begin with, length 0 if it is
/// longer.
static QUICK_TABLE: [(u8, u8); 1 << QUICK] = quick();

/// Why a string could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HuffmanError {
    /// The symbol for the end of a string occurs in it.
    End,
    /// It does not end with fewer than eight ones.
    Padding,
}

/// How many bytes `text` takes when it is encoded.
#[inline]
pub fn encoded_len(text: &[u8]) -> usize {
    let bits: usize = text.iter().map(|byte| usize::from(LENGTHS[usize::from(*byte)])).sum();
    bits.div_ceil(8)
}

/// Appends the code of `text`.
#[inline]
pub fn encode(text: &[u8], out: &mut Vec<u8>) {
    let (mut pending, mut count) = (0_u64, 0_u32);
    for byte in text {
        let symbol = usize::from(*byte);
        let len = u32::from(LENGTHS[symbol]);
        pending = (pending << len) | u64::from(CODES[symbol]);
        count += len;
        if count >= 32 {
            count -= 32;
            out.extend_from_slice(&((pending >> count) as u32).to_be_bytes());
        }
    }
    // RFC 7541 section 5.2: the rest of the last byte is ones.
    let padding = (8 - count % 8) % 8;
    pending = (pending << padding) | ((1 << padding) - 1);
    count += padding;
    while count > 0 {
        count -= 8;
        out.push((pending >> count) as u8);
    }
}

/// Appends what `code` stands for.
///
/// # Errors
/// See [`HuffmanError`].
#[inline]
pub fn decode(code: &[u8], out: &mut Vec<u8>) -> Result<(), HuffmanError> {
    // No symbol has fewer than five bits.
    out.reserve(code.len() * 8 / 5);
    let mut bits = Bits { rest: code, pending: 0, count: 0 };
    loop {
        bits.fill();
        if bits.count < QUICK {
            break;
        }
        let (symbol, len) = QUICK_TABLE[bits.peek(QUICK) as usize];
        if len == 0 {
            let Some((symbol, len)) = long_code(&bits) else { break };
            if symbol == END {
                return Err(HuffmanError::End);
            }
            bits.count -= len;
            out.push(symbol as u8);
        } else {
            bits.count -= u32::from(len);
            out.push(symbol);
        }
    }
    decode_end(bits, out)
}

/// The last symbols and the padding.
fn decode_end(mut bits: Bits<'_>, out: &mut Vec<u8>) -> Result<(), HuffmanError> {
    loop {
        let ones = bits.count == 0 || bits.peek(bits.count) == (1 << bits.count) - 1;
        if bits.count < 8 && ones {
            return Ok(());
        }
        let Some((symbol, len)) = long_code(&bits) else { return Err(HuffmanError::Padding) };
        if symbol == END {
            return Err(HuffmanError::End);
        }
        bits.count -= len;
        out.push(symbol as u8);
    }
}

/// Bits that were not decoded yet: the low `count` ones of `pending`, then those of `rest`.
struct Bits<'a> {
    rest: &'a [u8],
    pending: u64,
    count: u32,
}

impl Bits<'_> {
    /// Makes the longest code visible, as far as there are bits.
    #[inline]
    fn fill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some((chunk, rest)) = self.rest.split_first_chunk::<4>() {
            self.pending = (self.pending << 32) | u64::from(u32::from_be_bytes(*chunk));
            self.count += 32;
            self.rest = rest;
            return;
        }
        while let Some((byte, rest)) = self.rest.split_first() {
            self.pending = (self.pending << 8) | u64::from(*byte);
            self.count += 8;
            self.rest = rest;
        }
    }

    /// The next `bits` bits, of which there must be as many.
    #[inline]
    fn peek(&self, bits: u32) -> u32 {
        ((self.pending >> (self.count - bits)) & ((1 << bits) - 1)) as u32
    }
}

/// The symbol whose code comes next, and its length. `None` if the bits end within it.
fn long_code(bits: &Bits<'_>) -> Option<(u16, u32)> {
    for len in 5..=bits.count.min(LONGEST as u32) {
        let code = bits.peek(len);
        let (first, place) = FIRST[len as usize];
        let count = u32::from(FIRST[len as usize + 1].1 - place);
        if code.wrapping_sub(first) < count {
            return Some((SYMBOLS[(u32::from(place) + code - first) as usize], len));
        }
    }
    None
}

const fn symbols() -> [u16; 257] {
    let mut symbols = [0; 257];
    let (mut place, mut len) = (0, 0);
    while len <= LONGEST {
        let mut symbol = 0;
        while symbol < 257 {
            if LENGTHS[symbol] as usize == len {
                symbols[place] = symbol as u16;
                place += 1;
            }
            symbol += 1;
        }
        len += 1;
    }
    symbols
}

const fn first() -> [(u32, u16); LONGEST + 2] {
    let mut first = [(0, 0); LONGEST + 2];
    let (mut code, mut place, mut len) = (0_u32, 0_u16, 1);
    while len <= LONGEST + 1 {
        code <<= 1;
        first[len] = (code, place);
        let mut symbol = 0;
        while symbol < 257 {
            if LENGTHS[symbol] as usize == len {
                code += 1;
                place += 1;
            }
            symbol += 1;
        }
        len += 1;
    }
    first
}

const fn codes() -> [u32; 257] {
    let (symbols, first) = (symbols(), first());
    let mut codes = [0; 257];
    let mut place = 0;
    while place < 257 {
        let symbol = symbols[place] as usize;
        let (code, begin) = first[LENGTHS[symbol] as usize];
        codes[symbol] = code + (place as u32 - begin as u32);
        place += 1;
    }
    codes
}

const fn quick() -> [(u8, u8); 1 << QUICK] {
    let codes = codes();
    let mut table = [(0, 0); 1 << QUICK];
    let mut symbol = 0;
    while symbol < 256 {
        let len = LENGTHS[symbol] as u32;
        if len <= QUICK {
            let begin = codes[symbol] << (QUICK - len);
            let mut at = begin;
            while at < begin + (1 << (QUICK - len)) {
                table[at as usize] = (symbol as u8, len as u8);
                at += 1;
            }
        }
        symbol += 1;
    }
    table
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pair =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(pair).collect()
    }

    fn decoded(code: &[u8]) -> Result<Vec<u8>, HuffmanError> {
        let mut out = Vec::new();
        decode(code, &mut out).map(|()| out)
    }

    /// RFC 7541 appendix C.4 and C.6.
    #[test]
    fn the_rfcs_strings_are_read_and_written() {
        for (text, code) in [
            ("www.example.com", "f1e3 c2e5 f23a 6ba0 ab90 f4ff"),
            ("no-cache", "a8eb 1064 9cbf"),
            ("custom-key", "25a8 49e9 5ba9 7d7f"),
            ("custom-value", "25a8 49e9 5bb8 e8b4 bf"),
            ("302", "6402"),
            ("private", "aec3 771a 4b"),
            (
                "Mon, 21 Oct 2013 20:13:21 GMT",
                "d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff",
            ),
            ("https://www.example.com", "9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3"),
            ("307", "640e ff"),
            ("gzip", "9bd9 ab"),
            (
                "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
                "94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 \
                 3160 65c0 03ed 4ee5 b106 3d50 07",
            ),
        ] {
            let code = hex(code);
            assert_eq!(decoded(&code).unwrap(), text.as_bytes());
            assert_eq!(encoded_len(text.as_bytes()), code.len());
            let mut out = Vec::new();
            encode(text.as_bytes(), &mut out);
            assert_eq!(out, code);
        }
    }

    #[test]
    fn every_byte_comes_back_at_every_place() {
        for byte in 0..=255 {
            for before in 0..9 {
                let text = [vec![b'a'; before], vec![byte], vec![b'\n'; before]].concat();
                let mut code = Vec::new();
                encode(&text, &mut code);
                assert_eq!(code.len(), encoded_len(&text));
                assert_eq!(decoded(&code).unwrap(), text);
            }
        }
    }

    /// RFC 7541 section 5.2: padding is of ones, and shorter than a byte.
    #[test]
    fn wrong_padding_is_refused() {
        // 'a' is 00011, padded with zeros.
        assert_eq!(decoded(&[0b0001_1000]), Err(HuffmanError::Padding));
        assert_eq!(decoded(&[0b0001_1111, 0xff]), Err(HuffmanError::Padding));
        assert_eq!(decoded(&[0xff]), Err(HuffmanError::Padding));
        assert_eq!(decoded(&[0b0001_1111]).unwrap(), b"a");
        assert_eq!(decoded(&[]).unwrap(), b"");
    }

    /// RFC 7541 section 5.2.
    #[test]
    fn the_end_of_a_string_within_it_is_refused() {
        assert_eq!(decoded(&[0xff; 4]), Err(HuffmanError::End));
        assert_eq!(decoded(&[0xff; 40]), Err(HuffmanError::End));
        assert_eq!(decoded(&[&[0b0001_1111][..], &[0xff; 4]].concat()), Err(HuffmanError::End));
    }

    #[test]
    fn any_bytes_are_decoded_or_refused() {
        let mut seed = 7_u32;
        for _ in 0..20_000 {
            let mut bytes = [0; 9];
            for byte in &mut bytes {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (seed >> 24) as u8;
            }
            if let Ok(text) = decoded(&bytes) {
                assert!(text.len() <= bytes.len() * 8 / 5);
                let mut again = Vec::new();
                encode(&text, &mut again);
                assert_eq!(again, bytes);
            }
        }
    }
}
