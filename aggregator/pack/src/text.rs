//! Text without its numbers: what is left of batch after batch is the same, and the numbers are told by themselves.

use crate::{
    Unreadable,
    column::{Column, Expectation, Place},
    range_coder::{Decoder, Encoder},
};
use std::collections::HashMap;

/// In the text: a field ends; a number, or hexadecimal digits, stand here; a byte that is one of these stands behind.
const END: u8 = 0;
const NUMBER: u8 = 1;
const HEX: u8 = 2;
const ESCAPE: u8 = 3;
const MARKS: std::ops::RangeInclusive<u8> = END..=ESCAPE;
/// What escaped bytes are told apart from marks by.
const ESCAPED: u8 = 0x80;

/// Decimal digits beyond these are text.
const MOST_DIGITS: usize = 18;

/// Hexadecimal digits that are taken for bytes: those of nonces and of digests.
const HEX_DIGITS: std::ops::RangeInclusive<usize> = 32..=128;

/// The longest word that names a column.
const MOST_OF_WORD: usize = 32;

/// Names a column: a word, or what stands beside the text.
type Name = (Kind, Vec<u8>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Number,
    Hex,
    Beside,
}

/// The most columns: a column takes some room while it is worked on, and whoever seals a batch chooses its words.
const MOST_COLUMNS: usize = 512;

/// The columns by name, in the order in which they came.
#[derive(Debug, Default)]
struct Names(HashMap<Name, usize>);

impl Names {
    /// The column of a name. Names that come when there are as many columns as there may be share the last one.
    fn find(&mut self, kind: Kind, word: &[u8]) -> usize {
        let next = self.0.len();
        if let Some(&known) = self.0.get(&(kind, word.to_vec())) {
            return known;
        }
        if next == MOST_COLUMNS {
            return MOST_COLUMNS - 1;
        }
        self.0.insert((kind, word.to_vec()), next);
        next
    }
}

/// The word that a value stands under: `"word":` or `word=` is right before it, perhaps with a quote.
fn word(before: &[u8]) -> &[u8] {
    let before = before.strip_suffix(b"\"").unwrap_or(before);
    let before = before
        .strip_suffix(b":")
        .or(before.strip_suffix(b"="))
        .unwrap_or(before);
    let before = before.strip_suffix(b"\"").unwrap_or(before);
    let is_of_word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    let length = before
        .iter()
        .rev()
        .take(MOST_OF_WORD)
        .take_while(is_of_word)
        .count();
    &before[before.len() - length..]
}

/// The decimal digits that begin here, if they are a number that is told by itself.
fn number_at(text: &[u8], at: usize) -> Option<usize> {
    let is_led = at > 0 && matches!(text[at - 1], b':' | b'=');
    if !is_led || !text[at].is_ascii_digit() {
        return None;
    }
    let length = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_plain = length == 1 || text[at] != b'0';
    let is_whole = text
        .get(at + length)
        .is_none_or(|next| !next.is_ascii_alphanumeric() && !matches!(next, b'.' | b'-' | b'+'));
    (is_plain && is_whole && length <= MOST_DIGITS).then_some(length)
}

/// The hexadecimal digits that begin here, if they are a whole string.
fn hex_at(text: &[u8], at: usize) -> Option<usize> {
    if at == 0 || text[at - 1] != b'"' {
        return None;
    }
    let is_hex = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let length = text[at..]
        .iter()
        .take(HEX_DIGITS.end() + 1)
        .take_while(is_hex)
        .count();
    let is_whole = text.get(at + length) == Some(&b'"');
    (is_whole && length % 2 == 0 && HEX_DIGITS.contains(&length)).then_some(length)
}

/// Takes texts apart.
#[derive(Debug, Default)]
pub struct Splitter {
    /// The text that is left.
    pub text: Vec<u8>,
    /// What nothing is known of: bytes of hexadecimal digits that were not seen before, and what is put there.
    pub plain: Vec<u8>,
    names: Names,
    numbers: Vec<(usize, Place, i64)>,
    seen: HashMap<Vec<u8>, i64>,
    count_seen: i64,
    place: Place,
}

impl Splitter {
    fn tell(&mut self, kind: Kind, word: &[u8], number: i64) {
        let column = self.names.find(kind, word);
        self.numbers.push((column, self.place, number));
    }

    /// A number beside the text.
    pub fn put_number(&mut self, name: &str, number: i64) {
        self.tell(Kind::Beside, name.as_bytes(), number);
    }

    /// Bytes that may come as hexadecimal digits, and that the reader will know by then.
    pub fn expect(&mut self, bytes: Vec<u8>) {
        self.seen.insert(bytes, self.count_seen);
        self.count_seen += 1;
    }

    /// A text.
    pub fn put_text(&mut self, text: &[u8]) {
        self.place = Place::default();
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            let number = number_at(text, at).and_then(|length| {
                let digits = std::str::from_utf8(&text[at..at + length]).ok()?;
                Some((length, digits.parse().ok()?))
            });
            let hex = || hex_at(text, at).and_then(|length| hex::decode(&text[at..at + length]).ok());
            if let Some((length, number)) = number {
                let word = word(&text[..at]);
                self.text.push(NUMBER);
                self.tell(Kind::Number, word, number);
                self.place.learn(word, number);
                at += length;
            } else if let Some(bytes) = hex() {
                self.text.push(HEX);
                at += bytes.len() * 2;
                let word = word(&text[..at - bytes.len() * 2]);
                let known = self.seen.get(&bytes).copied();
                self.tell(Kind::Hex, word, known.unwrap_or(self.count_seen));
                if known.is_none() {
                    self.put_number("hex", bytes.len() as i64);
                    self.plain.extend_from_slice(&bytes);
                    self.expect(bytes);
                }
            } else {
                if MARKS.contains(&byte) {
                    self.text.extend([ESCAPE, byte | ESCAPED]);
                } else {
                    self.text.push(byte);
                }
                at += 1;
            }
        }
        self.text.push(END);
        self.place = Place::default();
    }

    /// What is expected in each column, and all numbers.
    pub fn numbers(&self) -> (Vec<Expectation>, Vec<u8>) {
        let mut columns: Vec<(Column, _)> = Vec::new();
        columns.resize_with(self.names.0.len(), Default::default);
        for (column, place, number) in &self.numbers {
            let (column, weights) = &mut columns[*column];
            column.weigh(place, *number, weights);
        }
        let best = |weights: &[u64; Expectation::ALL.len()]| {
            let best = (0..weights.len()).min_by_key(|&by| weights[by]);
            Expectation::ALL[best.unwrap_or_default()]
        };
        let expectations: Vec<_> = columns.iter().map(|(_, weights)| best(weights)).collect();
        let mut columns: Vec<Column> = Vec::new();
        columns.resize_with(expectations.len(), Default::default);
        let mut encoder = Encoder::default();
        for (column, place, number) in &self.numbers {
            columns[*column].write(&mut encoder, expectations[*column], place, *number);
        }
        (expectations, encoder.finish())
    }
}

/// Puts texts together again, in the order in which they were taken apart.
#[derive(Debug)]
pub struct Joiner<'a> {
    text: std::slice::Iter<'a, u8>,
    plain: &'a [u8],
    numbers: Decoder<'a>,
    expectations: &'a [Expectation],
    names: Names,
    columns: Vec<Column>,
    seen: Vec<Vec<u8>>,
    place: Place,
}

impl<'a> Joiner<'a> {
    /// Of what a [`Splitter`] left.
    pub fn new(text: &'a [u8], plain: &'a [u8], expectations: &'a [Expectation], numbers: &'a [u8]) -> Self {
        Self {
            text: text.iter(),
            plain,
            numbers: Decoder::new(numbers),
            expectations,
            names: Names::default(),
            columns: Vec::new(),
            seen: Vec::new(),
            place: Place::default(),
        }
    }

    fn told(&mut self, kind: Kind, word: &[u8]) -> Result<i64, Unreadable> {
        let column = self.names.find(kind, word);
        let by = *self.expectations.get(column).ok_or(Unreadable)?;
        if column == self.columns.len() {
            self.columns.push(Column::default());
        }
        Ok(self.columns[column].read(&mut self.numbers, by, &self.place))
    }

    /// A number beside the text.
    pub fn take_number(&mut self, name: &str) -> Result<i64, Unreadable> {
        self.told(Kind::Beside, name.as_bytes())
    }

    /// Bytes beside the text.
    pub fn take_plain(&mut self, count: i64) -> Result<&'a [u8], Unreadable> {
        let count = usize::try_from(count).map_err(|_| Unreadable)?;
        let (taken, rest) = self.plain.split_at_checked(count).ok_or(Unreadable)?;
        self.plain = rest;
        Ok(taken)
    }

    /// See [`Splitter::expect`].
    pub fn expect(&mut self, bytes: Vec<u8>) {
        self.seen.push(bytes);
    }

    /// A text.
    pub fn take_text(&mut self) -> Result<Vec<u8>, Unreadable> {
        self.place = Place::default();
        let mut text = Vec::new();
        loop {
            match *self.text.next().ok_or(Unreadable)? {
                END => break,
                NUMBER => {
                    let number = self.told(Kind::Number, word(&text))?;
                    self.place.learn(word(&text), number);
                    text.extend_from_slice(number.to_string().as_bytes());
                }
                HEX => {
                    let index = self.told(Kind::Hex, word(&text))?;
                    let index = usize::try_from(index).map_err(|_| Unreadable)?;
                    if index == self.seen.len() {
                        let count = self.take_number("hex")?;
                        let bytes = self.take_plain(count)?.to_vec();
                        self.expect(bytes);
                    }
                    let bytes = self.seen.get(index).ok_or(Unreadable)?;
                    text.extend_from_slice(hex::encode(bytes).as_bytes());
                }
                ESCAPE => text.push(self.text.next().ok_or(Unreadable)? & !ESCAPED),
                byte => text.push(byte),
            }
        }
        self.place = Place::default();
        Ok(text)
    }
}
