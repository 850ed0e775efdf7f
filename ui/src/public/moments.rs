//! Figures, moments and lengths of time as each language writes them. Moments are UTC until `script/public.js` puts them
//! into the viewer's zone.

use super::texts::{Texts, escape};
use crate::format::rfc3339;
use chrono::{DateTime, Datelike as _, NaiveDate, Timelike as _, Utc};
use edgewatch_client::timeline::UptimeShare;

impl Texts {
    /// A share in percent: `99.982%`, and without decimals where all is well.
    pub fn percent(self, share: &UptimeShare) -> String {
        let figure = share.percent.strip_suffix(".000").unwrap_or(&share.percent);
        let value = figure.replace('.', &self.say("decimal"));
        self.tell("percent", [("value", value.into())])
    }

    /// Microseconds in three figures.
    pub fn micros(self, us: i32) -> String {
        crate::format::micros(i64::from(us)).replace('.', &self.say("decimal"))
    }

    /// A length of time in its two largest units.
    pub fn length(self, ms: i64) -> String {
        let minutes = ms / 60_000;
        let unit = |key, n: i64| self.tell(key, [("n", n.into())]);
        let two = |large: String, small: Option<String>| match small {
            Some(small) => self.tell("length-two", [("large", large.into()), ("small", small.into())]),
            None => large,
        };
        match minutes {
            ..1 => self.say("less-than-a-minute"),
            1..60 => unit("length-minutes", minutes),
            60..1_440 => {
                let rest = minutes % 60;
                two(
                    unit("length-hours", minutes / 60),
                    (rest > 0).then(|| unit("length-minutes", rest)),
                )
            }
            _ => {
                let rest = minutes / 60 % 24;
                two(
                    unit("length-days", minutes / 1_440),
                    (rest > 0).then(|| unit("length-hours", rest)),
                )
            }
        }
    }

    /// `12 November 2026`.
    pub fn date(self, date: NaiveDate) -> String {
        self.calendar("date", "month-", date)
    }

    /// `12 Nov`.
    pub fn short_date(self, date: NaiveDate) -> String {
        self.calendar("date-short", "short-month-", date)
    }

    /// `November 2026`.
    pub fn month(self, date: NaiveDate) -> String {
        self.calendar("month-year", "month-", date)
    }

    fn calendar(self, key: &str, months: &str, date: NaiveDate) -> String {
        let month = self.say(&format!("{months}{}", date.month()));
        // As texts: no language groups the digits of a year.
        let values = [
            ("day", date.day().to_string().into()),
            ("month", month.into()),
            ("year", date.year().to_string().into()),
        ];
        self.tell(key, values)
    }

    /// A moment: `12 Nov, 14:05 UTC`.
    pub fn moment(self, at: DateTime<Utc>) -> String {
        let date = self.short_date(at.date_naive());
        let time = format!("{:02}:{:02}", at.hour(), at.minute());
        self.tell("moment", [("date", date.into()), ("time", time.into())])
    }

    /// A moment as an element.
    pub fn moment_html(self, at: DateTime<Utc>) -> String {
        format!(
            "<time datetime=\"{}\">{}</time>",
            rfc3339(at),
            escape(&self.moment(at))
        )
    }

    /// A list in one line: at most `most`, and how many more there are.
    pub fn list(self, names: &[&str], most: usize) -> String {
        let separator = self.say("separator");
        // A single one more takes no more room than to say so.
        let most = if names.len() == most + 1 {
            names.len()
        } else {
            most
        };
        let first = names
            .iter()
            .take(most)
            .copied()
            .collect::<Vec<_>>()
            .join(&separator);
        match names.len().saturating_sub(most) {
            0 => first,
            more => self.tell("and-more", [("components", first.into()), ("n", more.into())]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_client::status_page::PageLanguage::{De, En, Es, Fr, Ja, Zh};

    #[test]
    fn each_language_writes_moments_in_its_own_way() {
        let at = DateTime::from_timestamp(1_795_270_509, 0).unwrap();
        for (language, moment, date, month) in [
            (En, "21 Nov, 14:15 UTC", "21 November 2026", "November 2026"),
            (De, "21. Nov., 14:15 UTC", "21. November 2026", "November 2026"),
            (Fr, "21 nov. à 14:15 UTC", "21 novembre 2026", "novembre 2026"),
            (
                Es,
                "21 nov, 14:15 UTC",
                "21 de noviembre de 2026",
                "noviembre de 2026",
            ),
            (Ja, "11月21日 14:15 UTC", "2026年11月21日", "2026年11月"),
            (Zh, "11月21日 14:15 UTC", "2026年11月21日", "2026年11月"),
        ] {
            let texts = Texts(language);
            assert_eq!(texts.moment(at), moment);
            assert_eq!(texts.date(at.date_naive()), date);
            assert_eq!(texts.month(at.date_naive()), month);
        }
    }

    #[test]
    fn figures_have_the_decimal_mark_of_the_language() {
        let share = |percent: &str| UptimeShare {
            percent: percent.to_owned(),
            lowest: percent.to_owned(),
            highest: percent.to_owned(),
        };
        assert_eq!(Texts(En).percent(&share("99.982")), "99.982%");
        assert_eq!(Texts(En).percent(&share("100.000")), "100%");
        assert_eq!(Texts(De).percent(&share("99.982")), "99,982\u{a0}%");
        assert_eq!(Texts(De).micros(4_125), "4,13 ms");
    }

    #[test]
    fn lengths_have_two_units() {
        for (ms, text) in [
            (59_999, "less than a minute"),
            (300_000, "5 min"),
            (3_600_000, "1 h"),
            (11_520_000, "3 h 12 min"),
            (187_200_000, "2 d 4 h"),
        ] {
            assert_eq!(Texts(En).length(ms), text);
        }
        assert_eq!(Texts(Ja).length(11_520_000), "3 時間 12 分");
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(Texts(En).list(&["A", "B", "C"], 2), "A, B, C");
        assert_eq!(Texts(De).list(&["A", "B", "C", "D"], 2), "A, B und 2 weitere");
        assert_eq!(Texts(Ja).list(&["A", "B"], 2), "A、B");
    }
}
