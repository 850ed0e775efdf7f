//! The subset of RFC 5545's recurrence rules that maintenance windows use, in local dates.

use chrono::{Datelike as _, Days, NaiveDate};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// The largest `INTERVAL`.
pub const MAX_INTERVAL: u16 = 366;

/// The largest `COUNT`.
pub const MAX_COUNT: u16 = 1_000;

/// How far a rule with `COUNT` is followed from its start, in days: more than the longest that it can take.
const MAX_COUNTED_DAYS: u64 = 200 * 366;

/// On which dates something recurs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    frequency: Frequency,
    interval: u16,
    end: End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Frequency {
    Daily,
    /// On these weekdays, counted from Monday; none: on that of the start.
    Weekly(BTreeSet<u8>),
    Monthly(MonthDays),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum MonthDays {
    OfStart,
    /// 1 to 31, or -1 to -31 from the end.
    Days(BTreeSet<i8>),
    /// Which of the month (0: each, negative: from the end), and the weekday, counted from Monday.
    Weekdays(BTreeSet<(i8, u8)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Never,
    Count(u16),
    Until(NaiveDate),
}

impl Rule {
    /// The dates from `from` to `to`, both included, of a recurrence that begins at `start`.
    pub fn dates(&self, start: NaiveDate, from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = NaiveDate> {
        let (first, last, count) = match self.end {
            End::Never => (from.max(start), to, usize::MAX),
            End::Until(until) => (from.max(start), to.min(until), usize::MAX),
            // What has been counted before has to be counted again.
            End::Count(count) => {
                let farthest = start.checked_add_days(Days::new(MAX_COUNTED_DAYS)).unwrap_or(to);
                (start, to.min(farthest), usize::from(count))
            }
        };
        first
            .iter_days()
            .take_while(move |date| *date <= last)
            .filter(move |date| self.recurs_on(start, *date))
            .take(count)
            .filter(move |date| from <= *date)
    }

    fn recurs_on(&self, start: NaiveDate, date: NaiveDate) -> bool {
        let monday = |date: NaiveDate| date.num_days_from_ce() - date.weekday().num_days_from_monday() as i32;
        let month = |date: NaiveDate| date.year() * 12 + date.month0() as i32;
        let elapsed = match self.frequency {
            Frequency::Daily => date.num_days_from_ce() - start.num_days_from_ce(),
            Frequency::Weekly(_) => (monday(date) - monday(start)) / 7,
            Frequency::Monthly(_) => month(date) - month(start),
        };
        let weekday = |date: NaiveDate| date.weekday().num_days_from_monday() as u8;
        elapsed % i32::from(self.interval) == 0
            && match &self.frequency {
                Frequency::Daily => true,
                Frequency::Weekly(days) if days.is_empty() => weekday(date) == weekday(start),
                Frequency::Weekly(days) => days.contains(&weekday(date)),
                Frequency::Monthly(days) => {
                    let (day, length) = (date.day() as i8, date.num_days_in_month() as i8);
                    match days {
                        MonthDays::OfStart => day == start.day() as i8,
                        MonthDays::Days(days) => days.contains(&day) || days.contains(&(day - length - 1)),
                        MonthDays::Weekdays(weekdays) => {
                            let nth = [0, (day - 1) / 7 + 1, -((length - day) / 7 + 1)];
                            nth.iter().any(|&nth| weekdays.contains(&(nth, weekday(date))))
                        }
                    }
                }
            }
    }
}

const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// The number of a weekday's two letters, from Monday on.
fn weekday(name: &str) -> Option<u8> {
    (0..)
        .zip(WEEKDAYS)
        .find_map(|(number, weekday)| (weekday == name).then_some(number))
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut frequency, mut interval, mut end) = (None, None, None);
        let (mut by_day, mut by_month_day) = (None, None);
        for part in text.strip_prefix("RRULE:").unwrap_or(text).split(';') {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` is not of the form NAME=VALUE"))?;
            let is_new = match name {
                "FREQ" => frequency.replace(value).is_none(),
                "INTERVAL" => {
                    let number = value.parse().ok().filter(|n| (1..=MAX_INTERVAL).contains(n));
                    let number = number.ok_or_else(|| format!("INTERVAL must be 1 to {MAX_INTERVAL}"))?;
                    interval.replace(number).is_none()
                }
                "COUNT" => {
                    let number = value.parse().ok().filter(|n| (1..=MAX_COUNT).contains(n));
                    let number = number.ok_or_else(|| format!("COUNT must be 1 to {MAX_COUNT}"))?;
                    end.replace(End::Count(number)).is_none()
                }
                "UNTIL" => {
                    let date = NaiveDate::parse_from_str(value, "%Y%m%d");
                    let date = date.map_err(|_| "UNTIL must be a date such as 20261231".to_owned())?;
                    end.replace(End::Until(date)).is_none()
                }
                "BYDAY" => by_day.replace(weekdays(value)?).is_none(),
                "BYMONTHDAY" => by_month_day.replace(month_days(value)?).is_none(),
                "WKST" if value == "MO" => true,
                _ => {
                    return Err(format!(
                        "`{name}` is not known here: FREQ, INTERVAL, BYDAY, BYMONTHDAY, UNTIL and COUNT are"
                    ));
                }
            };
            if !is_new {
                return Err(match name {
                    "COUNT" | "UNTIL" => "give either COUNT or UNTIL, once".to_owned(),
                    _ => format!("{name} is given twice"),
                });
            }
        }
        let frequency = match frequency.ok_or("FREQ is missing: DAILY, WEEKLY or MONTHLY")? {
            "DAILY" if by_day.is_none() && by_month_day.is_none() => Frequency::Daily,
            "DAILY" => return Err("BYDAY and BYMONTHDAY go with WEEKLY and MONTHLY".to_owned()),
            "WEEKLY" if by_month_day.is_some() => return Err("BYMONTHDAY goes with MONTHLY".to_owned()),
            "WEEKLY" => {
                let days = by_day.unwrap_or_default();
                if days.iter().any(|&(nth, _)| nth != 0) {
                    return Err("numbered weekdays go with MONTHLY".to_owned());
                }
                Frequency::Weekly(days.into_iter().map(|(_, weekday)| weekday).collect())
            }
            "MONTHLY" => Frequency::Monthly(match (by_day, by_month_day) {
                (None, None) => MonthDays::OfStart,
                (Some(weekdays), None) => MonthDays::Weekdays(weekdays),
                (None, Some(days)) => MonthDays::Days(days),
                (Some(_), Some(_)) => return Err("give either BYDAY or BYMONTHDAY".to_owned()),
            }),
            other => return Err(format!("FREQ={other} is not one of DAILY, WEEKLY and MONTHLY")),
        };
        Ok(Self {
            frequency,
            interval: interval.unwrap_or(1),
            end: end.unwrap_or(End::Never),
        })
    }
}

fn weekdays(list: &str) -> Result<BTreeSet<(i8, u8)>, String> {
    let day = |text: &str| {
        let (nth, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
        let nth = match nth {
            "" => 0,
            _ => nth.parse().ok().filter(|n| matches!(n, -5..=-1 | 1..=5))?,
        };
        Some((nth, weekday(name)?))
    };
    list.split(',')
        .map(|text| {
            day(text).ok_or_else(|| format!("BYDAY: `{text}` is not a weekday such as MO, 1SU or -1FR"))
        })
        .collect()
}

fn month_days(list: &str) -> Result<BTreeSet<i8>, String> {
    let day = |text: &str| text.parse().ok().filter(|n| matches!(n, -31..=-1 | 1..=31));
    list.split(',')
        .map(|text| day(text).ok_or_else(|| format!("BYMONTHDAY: `{text}` is not 1 to 31 or -31 to -1")))
        .collect()
}

/// As RFC 5545 writes it.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |texts: Vec<String>| texts.join(",");
        match &self.frequency {
            Frequency::Daily => f.write_str("FREQ=DAILY")?,
            Frequency::Weekly(_) => f.write_str("FREQ=WEEKLY")?,
            Frequency::Monthly(_) => f.write_str("FREQ=MONTHLY")?,
        }
        if self.interval > 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        match &self.frequency {
            Frequency::Weekly(days) if !days.is_empty() => {
                let names = days.iter().map(|&day| WEEKDAYS[usize::from(day)].to_owned());
                write!(f, ";BYDAY={}", list(names.collect()))?;
            }
            Frequency::Monthly(MonthDays::Days(days)) => {
                let days = days.iter().map(ToString::to_string);
                write!(f, ";BYMONTHDAY={}", list(days.collect()))?;
            }
            Frequency::Monthly(MonthDays::Weekdays(days)) => {
                let names = days.iter().map(|&(nth, day)| match nth {
                    0 => WEEKDAYS[usize::from(day)].to_owned(),
                    _ => format!("{nth}{}", WEEKDAYS[usize::from(day)]),
                });
                write!(f, ";BYDAY={}", list(names.collect()))?;
            }
            _ => {}
        }
        match self.end {
            End::Never => Ok(()),
            End::Count(count) => write!(f, ";COUNT={count}"),
            End::Until(date) => write!(f, ";UNTIL={}", date.format("%Y%m%d")),
        }
    }
}
