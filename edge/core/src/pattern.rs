//! Regular expressions whose cost is known before they run.
//!
//! The engine looks at each state of the compiled expression for each character, so that their product bounds what a search
//! costs. The states are counted in the expression's own text, and not taken from the compiled form, whose size is another
//! on a host with shorter pointers: each host looks at the same part of a text, and says the same of it.

use crate::attempt::excerpt::clip;
use regex_lite::{Captures, Regex, RegexBuilder};
use std::{iter::Peekable, str::Chars};

/// The longest regular expression, in bytes.
pub const MAX_PATTERN_BYTES: usize = 1000;

/// The most states of a regular expression.
const MAX_STATES: usize = 1200;

/// The most states × bytes of a search. Each takes some 5 ns, but few expressions keep all of their states busy: those that
/// people write end within 50 ms.
const MAX_STEPS: usize = 16 << 20;

/// The largest compiled regular expression, in bytes; for classes of very many ranges.
const MAX_COMPILED_BYTES: usize = 256 << 10;

/// A regular expression within its bounds.
pub struct Pattern {
    regex: Regex,
    window_bytes: usize,
}

impl Pattern {
    /// Compiles it.
    ///
    /// # Errors
    /// One line that says what is wrong with it: `is …`, `may …`.
    pub fn new(pattern: &str) -> Result<Self, String> {
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(format!("may have at most {MAX_PATTERN_BYTES} bytes"));
        }
        let states = states(pattern, false).max(states(pattern, true)).max(1);
        if states > MAX_STATES {
            return Err(format!(
                "stands for {states} steps at each character, where {MAX_STATES} are allowed: make its counted repetitions \
                 such as {{0,3000}} smaller, or write * or +, which cost one step"
            ));
        }
        let regex = RegexBuilder::new(pattern)
            .size_limit(MAX_COMPILED_BYTES)
            .build()
            .map_err(|error| format!("is not a regular expression: {error}"))?;
        Ok(Self {
            regex,
            // Whole KiB, as they are told.
            window_bytes: (MAX_STEPS / states) >> 10 << 10,
        })
    }

    /// How much of a text is looked at, in KiB, if that is not all of it.
    pub fn cut_kib(&self, text: &str) -> Option<usize> {
        (text.len() > self.window_bytes).then_some(self.window_bytes >> 10)
    }

    /// Whether it is found in as much of the text as is looked at, as if the text ended there.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(clip(text, self.window_bytes))
    }

    /// What it finds first, in as much of the text as is looked at.
    pub fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.regex.captures(clip(text, self.window_bytes))
    }
}

/// The states that an expression compiles to, or some more. Of one that is not valid, any number. Whether white space and
/// comments are left out (`(?x)`) is for the caller to say: the larger number of both holds.
fn states(pattern: &str, verbose: bool) -> usize {
    let mut chars = pattern.chars().peekable();
    // Before each open group; of the innermost group before its last part; of that part, which a repetition repeats.
    let (mut outer, mut sum, mut last) = (Vec::new(), 0_usize, 0_usize);
    while let Some(char) = chars.next() {
        let atom = match char {
            '#' if verbose => {
                chars.by_ref().find(|char| *char == '\n');
                continue;
            }
            char if verbose && char.is_whitespace() => continue,
            '(' => {
                if chars.next_if_eq(&'?').is_none()
                    || chars.by_ref().find(|char| matches!(char, ':' | '>' | ')')) != Some(')')
                {
                    outer.push(sum.saturating_add(last));
                    (sum, last) = (0, 0);
                }
                continue;
            }
            ')' => {
                let group = sum.saturating_add(last).saturating_add(2);
                (sum, last) = (outer.pop().unwrap_or(0), group);
                continue;
            }
            '|' => 2,
            '*' | '+' | '?' => {
                last = last.saturating_add(1);
                continue;
            }
            '{' => {
                last = last.saturating_add(1).saturating_mul(repetitions(&mut chars));
                continue;
            }
            '[' => class(&mut chars),
            '\\' => {
                escape(&mut chars);
                1
            }
            _ => 1,
        };
        sum = sum.saturating_add(last);
        last = atom;
    }
    let open = outer.into_iter().fold(0, usize::saturating_add);
    open.saturating_add(sum).saturating_add(last)
}

/// How often at most, after the opening brace; one more where there is no end.
fn repetitions(chars: &mut Peekable<Chars<'_>>) -> usize {
    let counts: String = chars.by_ref().take_while(|char| *char != '}').collect();
    let most = |count: &str| count.trim().parse().unwrap_or(0_usize);
    match counts.split_once(',') {
        Some((least, "")) => most(least).saturating_add(1),
        Some((least, greatest)) => most(least).max(most(greatest)),
        None => most(&counts),
    }
    .max(1)
}

/// What a class counts, after the opening bracket: a state, and more with many ranges.
fn class(chars: &mut Peekable<Chars<'_>>) -> usize {
    chars.next_if_eq(&'^');
    let mut length = 0;
    while chars.next_if_eq(&'-').is_some() {
        length += 1;
    }
    if length == 0 {
        chars.next_if_eq(&']');
    }
    while let Some(char) = chars.next() {
        length += 1;
        match char {
            ']' => break,
            '\\' => escape(chars),
            // [[:alpha:]]
            '[' => {
                chars.by_ref().find(|char| *char == ']');
            }
            _ => {}
        }
    }
    1 + length / 16
}

/// Passes over what an escape consists of, after the backslash.
fn escape(chars: &mut Peekable<Chars<'_>>) {
    let Some(kind) = chars.next() else { return };
    let mut ahead = chars.clone();
    let is_named = ahead.next() == Some('{') && ahead.next().is_some_and(char::is_alphabetic);
    let is_number = matches!(kind, 'x' | 'u' | 'U') && chars.peek() == Some(&'{');
    if is_number || (kind == 'b' && is_named) {
        chars.by_ref().find(|char| *char == '}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window_kib(pattern: &str) -> usize {
        Pattern::new(pattern).unwrap().window_bytes >> 10
    }

    #[test]
    fn what_people_write_is_taken() {
        let words = [
            "status",
            "healthy",
            "operational",
            "available",
            "ready",
            "started",
            "running",
            "connected",
            "synchronised",
            "complete",
            "success",
            "accepted",
            "confirmed",
            "verified",
            "authorised",
            "enabled",
            "active",
            "online",
            "reachable",
            "nominal",
        ]
        .join("|");
        assert!(window_kib(r"\d{4}-\d{2}") >= 1024);
        assert!(window_kib(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}") >= 512);
        assert!(window_kib(r#""status"\s*:\s*"(ok|up|healthy)""#) >= 128);
        assert!(window_kib("[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}") >= 64);
        assert!(window_kib(&format!("(?i)({words})")) >= 32);
        assert!(window_kib("[0-9a-fA-F]{64}") >= 32);
        assert!(window_kib("[A-Za-z0-9_-]{20,255}") >= 8);
        assert!(window_kib(&"a".repeat(MAX_PATTERN_BYTES)) >= 8);
    }

    #[test]
    fn what_takes_too_long_is_refused() {
        for pattern in [
            "(?s).{0,3000}~~",
            "((a{1,100}){1,100}){1,100}",
            "(?:.{0,40}){0,40}",
            // A directive is no part, nor is a comment: what stands before is repeated.
            "(?s:(.?.?.?.?.?)(?i){0,400})",
            "(?x) (.?.?.?.?.?) # )\n {0,400}",
            r"(?s)[\]{}.{9}]{0,3000}",
            r"\b{1300}",
        ] {
            let problem = Pattern::new(pattern).err();
            assert!(problem.is_some_and(|text| text.contains("smaller")), "{pattern}");
        }
        assert!(Pattern::new("(").is_err());
        assert!(Pattern::new(&"a".repeat(MAX_PATTERN_BYTES + 1)).is_err());
    }

    #[test]
    fn no_search_takes_more_than_the_steps() {
        for (pattern, least) in [
            ("(?s).{0,300}~~", 600),
            (r"(a|b?){50}c", 200),
            (r"\x{41}{20}", 20),
            (r"\b{start}a", 2),
            ("[]a]{30}", 30),
        ] {
            let states = states(pattern, false);
            assert!((least..3 * least + 3).contains(&states), "{pattern}: {states}");
            assert!(window_kib(pattern) * 1024 * states <= MAX_STEPS);
        }
    }

    #[test]
    fn a_long_text_is_looked_at_from_its_beginning() {
        let pattern = Pattern::new("(?s)b.{0,500}~~").unwrap();
        let window = pattern.window_bytes;
        assert_eq!(window, 16 << 10);
        let mut text = "ä".repeat(window);
        assert_eq!(pattern.cut_kib(&text), Some(16));
        text.push_str("b~~");
        assert!(!pattern.is_match(&text) && pattern.captures(&text).is_none());
        text.insert_str(0, "b~~");
        assert!(pattern.is_match(&text) && pattern.captures(&text).is_some());
        assert_eq!(pattern.cut_kib("b~~"), None);
    }
}
