//! Charts over the sheets.

use crate::{document::ReportDocument, drawing::Ink};
use rust_xlsxwriter::{
    Chart, ChartEmptyCells, ChartFormat, ChartLegendPosition, ChartLine, ChartSolidFill, ChartType, Color,
    Workbook, XlsxError,
};

/// The columns of the sheet of days, by their heads' places.
const DAY: u16 = 0;
const STATES: [(u16, &str, Ink); 5] = [
    (7, "Up", Ink::Up),
    (8, "Degraded", Ink::Degraded),
    (10, "Maintenance", Ink::Maintenance),
    (11, "Unknown", Ink::Unknown),
    (9, "Down", Ink::Down),
];
const PERCENTILES: [(u16, &str, Ink); 3] = [
    (14, "Median", Ink::P50),
    (15, "95th percentile", Ink::P95),
    (16, "99th percentile", Ink::P99),
];
const COUNTED_DOWN: u16 = 6;

fn color(ink: Ink) -> Color {
    let [red, green, blue] = ink.rgb().map(u32::from);
    Color::RGB(red << 16 | green << 8 | blue)
}

/// Puts the charts beside the first sheet's figures.
pub(super) fn insert(workbook: &mut Workbook, document: &ReportDocument) -> Result<(), XlsxError> {
    let days = document.figures.days.len() as u32;
    if days == 0 {
        return Ok(());
    }
    let column_of = |column: u16| ("Days", 1, column, days, column);
    let mut states = prepared(
        ChartType::ColumnPercentStacked,
        "Each day by the states of its time",
    );
    for (column, name, ink) in STATES {
        let fill = ChartSolidFill::new().set_color(color(ink)).clone();
        states
            .add_series()
            .set_name(name)
            .set_categories(column_of(DAY))
            .set_values(column_of(column))
            .set_gap(20)
            .set_format(ChartFormat::new().set_solid_fill(&fill));
    }
    states.y_axis().set_num_format("0%");
    let mut down = prepared(ChartType::Column, "Downtime as agreed");
    let fill = ChartSolidFill::new().set_color(color(Ink::Down)).clone();
    down.add_series()
        .set_name("Down")
        .set_categories(column_of(DAY))
        .set_values(column_of(COUNTED_DOWN))
        .set_gap(40)
        .set_format(ChartFormat::new().set_solid_fill(&fill));
    down.y_axis().set_num_format("[h]:mm");
    down.legend().set_hidden();
    let mut charts = vec![states, down];
    if !document.latency.days.is_empty() {
        let mut latency = prepared(ChartType::Line, "Time that checks took, ms");
        for (column, name, ink) in PERCENTILES {
            let line = ChartLine::new().set_color(color(ink)).set_width(1.75).clone();
            latency
                .add_series()
                .set_name(name)
                .set_categories(column_of(DAY))
                .set_values(column_of(column))
                .set_format(ChartFormat::new().set_line(&line));
        }
        latency.show_empty_cells_as(ChartEmptyCells::Gaps);
        latency.y_axis().set_num_format("0");
        charts.push(latency);
    }
    let summary = workbook.worksheet_from_name("Summary")?;
    for (chart, row) in charts.iter().zip([0, 17, 34]) {
        summary.insert_chart(row, 3, chart)?;
    }
    Ok(())
}

fn prepared(kind: ChartType, title: &str) -> Chart {
    let mut chart = Chart::new(kind);
    chart.set_width(760).set_height(320).set_alt_text(title);
    chart.title().set_name(title);
    chart.x_axis().set_num_format("d mmm");
    chart.legend().set_position(ChartLegendPosition::Bottom);
    chart
}
