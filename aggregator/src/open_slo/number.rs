//! Decimal numbers as whole parts per million, without a detour over binary fractions.

use serde_json::Number;

/// The parts per million of a number whose `decimals`th decimal is one of them: 6 of a share, 4 of a percentage.
///
/// # Errors
/// A sentence, where there are more decimals than that.
pub fn parts_per_million(number: &Number, decimals: usize) -> Result<i64, String> {
    let text = number.to_string();
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let rest = rest.trim_end_matches('0');
    let digits = format!("{whole}{rest:0<decimals$}");
    if rest.len() > decimals || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("is {text}: use a number of at most {decimals} decimals"));
    }
    digits
        .parse()
        .map_err(|_| format!("is {text}: use a number between 0 and all"))
}

/// Parts per million as a decimal number: 4 decimals of a percentage, 6 of a share.
pub fn decimal(parts_per_million: i64, decimals: u32) -> String {
    let one = 10_i64.pow(decimals);
    let (whole, rest) = (parts_per_million / one, parts_per_million % one);
    let rest = format!("{rest:0width$}", width = decimals as usize);
    match rest.trim_end_matches('0') {
        "" => whole.to_string(),
        rest => format!("{whole}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_are_taken_as_they_are_written() {
        for (text, decimals, parts) in [
            ("0.9995", 6, 999_500),
            ("99.95", 4, 999_500),
            ("99", 4, 990_000),
            ("0.999999", 6, 999_999),
            ("100", 4, 1_000_000),
            ("0", 4, 0),
        ] {
            assert_eq!(parts_per_million(&number(text), decimals), Ok(parts), "{text}");
        }
        for (text, decimals) in [("0.9999999", 6), ("-1", 4), ("99.99999", 4), ("1e99", 4)] {
            assert!(parts_per_million(&number(text), decimals).is_err(), "{text}");
        }
        assert_eq!(
            (decimal(999_500, 4), decimal(999_500, 6)),
            ("99.95".into(), "0.9995".into())
        );
        assert_eq!(
            (decimal(1_000_000, 4), decimal(1, 6)),
            ("100".into(), "0.000001".into())
        );
    }
}
