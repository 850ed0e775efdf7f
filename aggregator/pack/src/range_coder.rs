//! An adaptive binary range coder, after LZMA's: each bit is coded by how often it was set in its place before. Integers only, so
//! that what was written once is read the same for good.

/// How likely the next bit in a place is 0, of 65,536, and how many were seen there.
#[derive(Clone, Copy, Debug)]
pub struct Chance {
    zero: u16,
    seen: u8,
}

impl Default for Chance {
    fn default() -> Self {
        Self {
            zero: 1 << 15,
            seen: 0,
        }
    }
}

/// A bit changes the chance by this power of two at most, once many were seen: less is more precise, more follows quicker.
const SLOWEST: u8 = 6;

/// The chances are looked at with so many bits.
const PRECISION: u32 = 12;

/// Below it the range is widened by a byte.
const NARROW: u32 = 1 << 24;

impl Chance {
    fn bound(self, range: u32) -> u32 {
        let chance = u32::from(self.zero >> (16 - PRECISION)).max(1);
        (range >> PRECISION) * chance
    }

    fn learn(&mut self, bit: bool) {
        // Quickly at first: a pack is short.
        let rate = (self.seen / 2 + 1).min(SLOWEST);
        self.seen = self.seen.saturating_add(1).min(2 * SLOWEST);
        if bit {
            self.zero -= self.zero >> rate;
        } else {
            self.zero += (u16::MAX - self.zero) >> rate;
        }
    }
}

/// Writes bits.
#[derive(Debug)]
pub struct Encoder {
    low: u64,
    range: u32,
    held: u8,
    /// Bytes that a carry may still change: the held one, and so many of 0xff behind it.
    pending: u64,
    bytes: Vec<u8>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            low: 0,
            range: u32::MAX,
            held: 0,
            pending: 1,
            bytes: Vec::new(),
        }
    }
}

impl Encoder {
    fn shift(&mut self) {
        if self.low < 0xff00_0000 || self.low > u64::from(u32::MAX) {
            let carry = (self.low >> 32) as u8;
            let mut byte = self.held;
            for _ in 0..self.pending {
                self.bytes.push(byte.wrapping_add(carry));
                byte = 0xff;
            }
            self.pending = 0;
            self.held = (self.low >> 24) as u8;
        }
        self.pending += 1;
        self.low = (self.low & 0x00ff_ffff) << 8;
    }

    /// A bit in a place.
    pub fn bit(&mut self, chance: &mut Chance, bit: bool) {
        let bound = chance.bound(self.range);
        if bit {
            self.low += u64::from(bound);
            self.range -= bound;
        } else {
            self.range = bound;
        }
        chance.learn(bit);
        while self.range < NARROW {
            self.range <<= 8;
            self.shift();
        }
    }

    /// The lowest `count` bits of a value of which nothing is known, the highest of them first.
    pub fn plain(&mut self, value: u64, count: u32) {
        for place in (0..count).rev() {
            self.range >>= 1;
            if value >> place & 1 == 1 {
                self.low += u64::from(self.range);
            }
            while self.range < NARROW {
                self.range <<= 8;
                self.shift();
            }
        }
    }

    /// All that was written.
    pub fn finish(mut self) -> Vec<u8> {
        for _ in 0..5 {
            self.shift();
        }
        self.bytes
    }
}

/// Reads what an [`Encoder`] wrote.
#[derive(Debug)]
pub struct Decoder<'a> {
    code: u32,
    range: u32,
    bytes: std::slice::Iter<'a, u8>,
}

impl<'a> Decoder<'a> {
    /// Of what was written.
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self {
            code: 0,
            range: u32::MAX,
            bytes: bytes.iter(),
        };
        // The first one is the byte that there was no other before.
        for _ in 0..5 {
            decoder.next();
        }
        decoder
    }

    fn next(&mut self) {
        let byte = self.bytes.next().copied().unwrap_or_default();
        self.code = self.code << 8 | u32::from(byte);
    }

    fn widen(&mut self) {
        while self.range < NARROW {
            self.range <<= 8;
            self.next();
        }
    }

    /// See [`Encoder::bit`].
    pub fn bit(&mut self, chance: &mut Chance) -> bool {
        let bound = chance.bound(self.range);
        let bit = self.code >= bound;
        if bit {
            self.code -= bound;
            self.range -= bound;
        } else {
            self.range = bound;
        }
        chance.learn(bit);
        self.widen();
        bit
    }

    /// See [`Encoder::plain`].
    pub fn plain(&mut self, count: u32) -> u64 {
        let mut value = 0;
        for _ in 0..count {
            self.range >>= 1;
            let bit = self.code >= self.range;
            if bit {
                self.code -= self.range;
            }
            value = value << 1 | u64::from(bit);
            self.widen();
        }
        value
    }
}
