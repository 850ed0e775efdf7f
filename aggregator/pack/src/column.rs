//! Columns of numbers: what stands under one word of the text, told by how far it is from what was to be expected.

use crate::range_coder::{Chance, Decoder, Encoder};
use std::collections::HashMap;

/// What a number is expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Nothing.
    Zero,
    /// The one before it.
    Last,
    /// As far from the one before it as that was from the one before.
    LastStep,
    /// The monitor's one before.
    Monitor,
    /// As far from the monitor's one before as that was from the one before.
    MonitorStep,
    /// What the monitor's were of late, on average.
    MonitorMean,
    /// The slot that the observation is of.
    Slot,
    /// The phases that were told of the observation, together.
    Phases,
}

impl Expectation {
    /// By number.
    pub const ALL: [Self; 8] = [
        Self::Zero,
        Self::Last,
        Self::LastStep,
        Self::Monitor,
        Self::MonitorStep,
        Self::MonitorMean,
        Self::Slot,
        Self::Phases,
    ];
}

/// The monitor's words, of which the numbers say what others are about.
const MONITOR: &[u8] = b"monitor";
const SLOT: &[u8] = b"slot_ms";
const PHASES: [&[u8]; 6] = [b"dns", b"tcp", b"tls", b"request", b"ttfb", b"body"];

/// Where in the text a number stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    monitor: i64,
    slot: i64,
    phases: i64,
}

impl Place {
    /// What is told behind a number.
    pub fn learn(&mut self, word: &[u8], number: i64) {
        if word == MONITOR {
            self.monitor = number;
            self.phases = 0;
        } else if word == SLOT {
            self.slot = number;
        } else if PHASES.contains(&word) {
            self.phases = self.phases.wrapping_add(number);
        }
    }
}

/// What is remembered of numbers.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    last: i64,
    step: i64,
    /// In sixteenths.
    mean: i64,
    is_begun: bool,
    /// How many bits the distances took of late, in eighths.
    bits: u32,
}

/// Of the average that changes by each number.
const MEAN_OF: i64 = 8;

impl Memory {
    fn learn(&mut self, number: i64, bits: u32) {
        self.step = if self.is_begun {
            number.wrapping_sub(self.last)
        } else {
            0
        };
        let sixteenths = number.wrapping_mul(16);
        self.mean = if self.is_begun {
            self.mean
                .wrapping_add(sixteenths.wrapping_sub(self.mean) / MEAN_OF)
        } else {
            sixteenths
        };
        self.bits = if self.is_begun {
            (self.bits * 7 + bits * 8) / 8
        } else {
            bits * 8
        };
        self.last = number;
        self.is_begun = true;
    }
}

/// The numbers of a column as far as they were seen.
#[derive(Debug, Default)]
pub struct Column {
    all: Memory,
    monitors: HashMap<i64, Memory>,
    chances: HashMap<u32, Chances>,
}

/// How a distance is told: how many bits it has, then its highest ones by chance and the others as they are.
#[derive(Debug)]
struct Chances {
    lengths: [Chance; 128],
    highest: Vec<[Chance; 1 << HIGHEST]>,
}

const HIGHEST: u32 = 3;

impl Default for Chances {
    fn default() -> Self {
        Self {
            lengths: [Chance::default(); 128],
            highest: vec![[Chance::default(); 1 << HIGHEST]; 65],
        }
    }
}

/// Small for what is near zero on either side.
fn fold(distance: i64) -> u64 {
    ((distance << 1) ^ (distance >> 63)).cast_unsigned()
}

fn unfold(folded: u64) -> i64 {
    (folded >> 1).cast_signed() ^ -((folded & 1).cast_signed())
}

fn bits(folded: u64) -> u32 {
    u64::BITS - folded.leading_zeros()
}

impl Column {
    /// What is expected of the next number.
    fn expected(&self, by: Expectation, place: &Place) -> i64 {
        let of_monitor = || self.monitors.get(&place.monitor).copied().unwrap_or_default();
        match by {
            Expectation::Zero => 0,
            Expectation::Last => self.all.last,
            Expectation::LastStep => self.all.last.wrapping_add(self.all.step),
            Expectation::Monitor => of_monitor().last,
            Expectation::MonitorStep => of_monitor().last.wrapping_add(of_monitor().step),
            Expectation::MonitorMean => of_monitor().mean / 16,
            Expectation::Slot => place.slot,
            Expectation::Phases => place.phases,
        }
    }

    /// What is remembered decides which chances hold.
    fn chances(&mut self, place: &Place) -> &mut Chances {
        let bits = self
            .monitors
            .get(&place.monitor)
            .map_or(0, |memory| memory.bits + 8);
        self.chances.entry((bits + 4) / 8).or_default()
    }

    fn learn(&mut self, place: &Place, number: i64, bits: u32) {
        self.all.learn(number, bits);
        self.monitors
            .entry(place.monitor)
            .or_default()
            .learn(number, bits);
    }

    /// How many bits the distances of the next number have under each expectation; the number is learnt.
    pub fn weigh(&mut self, place: &Place, number: i64, weights: &mut [u64; Expectation::ALL.len()]) {
        for (weight, by) in weights.iter_mut().zip(Expectation::ALL) {
            let bits = bits(fold(number.wrapping_sub(self.expected(by, place))));
            // The count of bits is told, too.
            *weight += u64::from(2 * bits + u32::from(bits > 0));
        }
        self.learn(place, number, 0);
    }

    /// Writes a number.
    pub fn write(&mut self, to: &mut Encoder, by: Expectation, place: &Place, number: i64) {
        let folded = fold(number.wrapping_sub(self.expected(by, place)));
        let length = bits(folded);
        let chances = self.chances(place);
        let mut node = 1;
        for shift in (0..7).rev() {
            let bit = length >> shift & 1 == 1;
            to.bit(&mut chances.lengths[node], bit);
            node = node * 2 + usize::from(bit);
        }
        // The highest bit is known.
        let below = length.saturating_sub(1);
        let told = below.min(HIGHEST);
        let mut node = 1;
        for shift in (below - told..below).rev() {
            let bit = folded >> shift & 1 == 1;
            to.bit(&mut chances.highest[length as usize][node], bit);
            node = node * 2 + usize::from(bit);
        }
        to.plain(folded, below - told);
        self.learn(place, number, length);
    }

    /// Reads the next number.
    pub fn read(&mut self, from: &mut Decoder<'_>, by: Expectation, place: &Place) -> i64 {
        let chances = self.chances(place);
        let mut node = 1;
        for _ in 0..7 {
            node = node * 2 + usize::from(from.bit(&mut chances.lengths[node]));
        }
        // Bytes that nobody wrote may tell of more.
        let length = (node as u32 - 128).min(u64::BITS);
        let below = length.saturating_sub(1);
        let told = below.min(HIGHEST);
        let mut folded = u64::from(length > 0);
        let mut node = 1;
        for _ in 0..told {
            let bit = from.bit(&mut chances.highest[length as usize][node]);
            node = node * 2 + usize::from(bit);
            folded = folded << 1 | u64::from(bit);
        }
        let rest = below - told;
        folded = folded << rest | from.plain(rest);
        let number = self.expected(by, place).wrapping_add(unfold(folded));
        self.learn(place, number, length);
        number
    }
}
