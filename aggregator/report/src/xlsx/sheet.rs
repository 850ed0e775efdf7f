//! A worksheet that is a table: typed cells below a head that stays where it is.

use chrono_tz::Tz;
use edgewatch_domain::{calendar::local_time, uptime::Share};
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Url, Workbook, Worksheet, XlsxError};

/// A cell.
pub(super) enum Value {
    /// Nothing.
    Empty,
    /// Text, never a formula.
    Text(String),
    /// Text that leads somewhere.
    Link(String, String),
    /// A whole number.
    Count(i64),
    /// A share, shown in percent.
    Share(Option<Share>),
    /// A share in parts per million, shown in percent.
    PartsPerMillion(i64),
    /// Milliseconds, shown as hours, minutes and seconds.
    Duration(i64),
    /// A moment, Unix milliseconds, shown in the agreement's zone.
    Moment(i64),
    /// The day of a moment.
    Day(i64),
    /// Microseconds, shown as milliseconds.
    Micros(Option<i32>),
}

impl Value {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Text that leads somewhere, if it does.
    pub fn link(text: impl Into<String>, url: Option<&String>) -> Self {
        match url.filter(|url| url.starts_with("https://") || url.starts_with("http://")) {
            Some(url) => Self::Link(text.into(), url.clone()),
            None => Self::Text(text.into()),
        }
    }
}

/// How cells are shown.
pub(super) struct Formats {
    pub title: Format,
    pub quiet: Format,
    pub name: Format,
    head: Format,
    text: Format,
    count: Format,
    percent: Format,
    duration: Format,
    moment: Format,
    day: Format,
    micros: Format,
}

impl Formats {
    pub fn new() -> Self {
        let plain = || Format::new().set_font_name("Calibri").set_align(FormatAlign::Top);
        let line = |format: Format| {
            format
                .set_border_bottom(FormatBorder::Hair)
                .set_border_color(Color::RGB(0x00c6_cdd8))
        };
        let numbers = |code: &str| line(plain().set_num_format(code).set_align(FormatAlign::Right));
        Self {
            title: plain().set_bold().set_font_size(18),
            quiet: plain().set_font_color(Color::RGB(0x0048_5366)),
            name: line(plain().set_font_color(Color::RGB(0x0061_6c80))),
            head: plain()
                .set_bold()
                .set_font_color(Color::White)
                .set_background_color(Color::RGB(0x000f_1726))
                .set_text_wrap()
                .set_align(FormatAlign::Bottom),
            text: line(plain().set_text_wrap()),
            count: numbers("#,##0"),
            percent: numbers("0.000%"),
            duration: numbers("[h]:mm:ss"),
            moment: line(
                plain()
                    .set_num_format("yyyy-mm-dd hh:mm:ss")
                    .set_align(FormatAlign::Left),
            ),
            day: line(plain().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Left)),
            micros: numbers("0.0"),
        }
    }
}

/// A column: its head and its width in characters.
pub(super) type Column = (&'static str, f64);

/// Adds a worksheet that is a table, and returns it.
pub(super) fn add<'w>(
    workbook: &'w mut Workbook,
    formats: &Formats,
    zone: Tz,
    name: &str,
    columns: &[Column],
    rows: &[Vec<Value>],
) -> Result<&'w mut Worksheet, XlsxError> {
    let sheet = workbook.add_worksheet();
    sheet.set_name(name)?;
    sheet.set_screen_gridlines(false);
    sheet
        .set_landscape()
        .set_print_fit_to_pages(1, 0)
        .set_paper_size(9);
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_freeze_panes(1, 0)?;
    for (index, (title, width)) in columns.iter().enumerate() {
        let column = index as u16;
        sheet.set_column_width(column, *width)?;
        sheet.write_string_with_format(0, column, *title, &formats.head)?;
    }
    for (index, row) in rows.iter().enumerate() {
        for (column, value) in row.iter().enumerate() {
            write(sheet, formats, zone, index as u32 + 1, column as u16, value)?;
        }
    }
    if !rows.is_empty() && !columns.is_empty() {
        sheet.autofilter(0, 0, rows.len() as u32, columns.len() as u16 - 1)?;
    }
    Ok(sheet)
}

/// Writes a cell.
pub(super) fn write(
    sheet: &mut Worksheet,
    formats: &Formats,
    zone: Tz,
    row: u32,
    column: u16,
    value: &Value,
) -> Result<(), XlsxError> {
    match value {
        Value::Empty | Value::Share(None) | Value::Micros(None) => {
            sheet.write_blank(row, column, &formats.text)?;
        }
        Value::Text(text) => {
            sheet.write_string_with_format(row, column, shortened(text), &formats.text)?;
        }
        Value::Link(text, url) => {
            let link = Url::new(url).set_text(shortened(text));
            // What is too long for a link in a spreadsheet is text.
            if sheet.write_url(row, column, link).is_err() {
                sheet.write_string_with_format(row, column, shortened(text), &formats.text)?;
            }
        }
        Value::Count(count) => {
            sheet.write_number_with_format(row, column, *count as f64, &formats.count)?;
        }
        Value::Share(Some(share)) => {
            // A spreadsheet would round what it shows upwards too: it gets what is shown elsewhere.
            let thousandths = share.percent().replace('.', "").parse().unwrap_or(0_i64);
            sheet.write_number_with_format(row, column, thousandths as f64 / 100_000.0, &formats.percent)?;
        }
        Value::PartsPerMillion(parts) => {
            sheet.write_number_with_format(row, column, *parts as f64 / 1_000_000.0, &formats.percent)?;
        }
        Value::Duration(ms) => {
            sheet.write_number_with_format(row, column, *ms as f64 / 86_400_000.0, &formats.duration)?;
        }
        Value::Moment(ms) => {
            sheet.write_datetime_with_format(row, column, local_time(zone, *ms), &formats.moment)?;
        }
        Value::Day(ms) => {
            sheet.write_datetime_with_format(row, column, local_time(zone, *ms).date(), &formats.day)?;
        }
        Value::Micros(Some(us)) => {
            sheet.write_number_with_format(row, column, f64::from(*us) / 1_000.0, &formats.micros)?;
        }
    }
    Ok(())
}

/// A text of no more characters than a cell may hold.
fn shortened(text: &str) -> String {
    text.chars().take(32_000).collect()
}
