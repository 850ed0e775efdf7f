//! From text to tree.

use super::{Json, Unreadable};
use std::borrow::Cow;

/// How deep lists and objects may nest.
const MAX_DEPTH: u8 = 64;

pub(super) fn parse(text: &str) -> Result<Json<'_>, Unreadable> {
    let mut parser = Parser { text, at: 0 };
    let json = parser.value(MAX_DEPTH).ok_or(Unreadable::Syntax)?;
    if parser.peek().is_some() {
        return Err(Unreadable::Syntax);
    }
    Ok(json)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    /// The next byte behind white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Goes past a byte if it is the next one.
    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: u8) -> Option<Json<'a>> {
        match self.peek()? {
            b'{' => {
                let mut members = Vec::new();
                self.items(b'}', depth, |parser, depth| {
                    let name = parser.string()?;
                    if !parser.skip(b':') {
                        return None;
                    }
                    members.push((name, parser.value(depth)?));
                    Some(())
                })?;
                Some(Json::Object(members))
            }
            b'[' => {
                let mut items = Vec::new();
                self.items(b']', depth, |parser, depth| {
                    items.push(parser.value(depth)?);
                    Some(())
                })?;
                Some(Json::List(items))
            }
            b'"' => self.string().map(Json::Text),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => self.number(),
        }
    }

    /// What stands between an opening bracket, which is the next byte, and the closing one, parted by commas.
    fn items(
        &mut self,
        close: u8,
        depth: u8,
        mut item: impl FnMut(&mut Self, u8) -> Option<()>,
    ) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.at += 1;
        if self.skip(close) {
            return Some(());
        }
        loop {
            item(self, depth)?;
            if self.skip(close) {
                return Some(());
            }
            if !self.skip(b',') {
                return None;
            }
        }
    }

    fn word(&mut self, word: &str, json: Json<'a>) -> Option<Json<'a>> {
        self.text.get(self.at..)?.starts_with(word).then(|| {
            self.at += word.len();
            json
        })
    }

    fn number(&mut self) -> Option<Json<'a>> {
        let rest = self.text.get(self.at..)?;
        let length = rest
            .bytes()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .unwrap_or(rest.len());
        let number = rest.get(..length)?;
        let digits = number.strip_prefix('-').unwrap_or(number).as_bytes();
        let ends_in_digit = digits.last().is_some_and(u8::is_ascii_digit);
        let has_leading_zero = matches!(digits, [b'0', b'0'..=b'9', ..]);
        if !ends_in_digit || !digits[0].is_ascii_digit() || has_leading_zero {
            return None;
        }
        self.at += length;
        if let Ok(integer) = number.parse() {
            return Some(Json::Integer(integer));
        }
        parse_float(number).map(Json::Fraction)
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        if !self.skip(b'"') {
            return None;
        }
        let mut text = Cow::Borrowed("");
        loop {
            let rest = self.text.get(self.at..)?;
            let length = rest
                .bytes()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
            // All three end a character, so the text before them is whole.
            let plain = rest.get(..length)?;
            if text.is_empty() {
                text = Cow::Borrowed(plain);
            } else {
                text.to_mut().push_str(plain);
            }
            self.at += length + 1;
            match rest.as_bytes().get(length)? {
                b'"' => return Some(text),
                b'\\' => {
                    let escaped = self.escaped()?;
                    text.to_mut().push(escaped);
                }
                _ => return None,
            }
        }
    }

    /// The character that an escape means, behind its backslash.
    fn escaped(&mut self) -> Option<char> {
        let byte = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.code_unit()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return char::from_u32(first);
                }
                // Beyond 16 bits a character is written as two.
                if !self.text.get(self.at..)?.starts_with("\\u") {
                    return None;
                }
                self.at += 2;
                let second = self.code_unit()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                return char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + second);
            }
            _ => return None,
        })
    }

    fn code_unit(&mut self) -> Option<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(*self.text.as_bytes().get(self.at)?).to_digit(16)?;
            unit = unit << 4 | digit;
            self.at += 1;
        }
        Some(unit)
    }
}

/// The browser knows how to do this; so its tables need not be shipped.
#[cfg(feature = "browser")]
fn parse_float(number: &str) -> Option<f64> {
    Some(js_sys::Number::parse_float(number)).filter(|float| float.is_finite())
}

#[cfg(not(feature = "browser"))]
fn parse_float(number: &str) -> Option<f64> {
    number.parse().ok().filter(|float: &f64| float.is_finite())
}
