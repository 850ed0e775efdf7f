//! SVG badges for READMEs and sites: a label and a value, flat.

use super::texts::{Texts, escape};
use edgewatch_client::{
    public_status::{ComponentState, PublicLatency},
    status_page::PageLanguage,
    timeline::UptimeShare,
};

/// Widths of printable ASCII from the space on in tenths of a pixel, at 11 pixels in the face that such badges are set in
/// (Verdana, and `DejaVu Sans`, which has its measure). Other faces are stretched to it by `textLength`.
const WIDTHS: [u8; 95] = [
    35, 44, 51, 92, 70, 105, 86, 30, 43, 43, 55, 92, 35, 40, 35, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70,
    37, 37, 92, 92, 92, 58, 110, 75, 75, 77, 85, 70, 63, 85, 83, 32, 32, 72, 61, 95, 82, 87, 66, 87, 76, 70,
    67, 81, 75, 109, 75, 67, 75, 43, 37, 43, 92, 55, 55, 67, 70, 60, 70, 68, 39, 70, 70, 31, 31, 64, 31, 107,
    70, 67, 70, 70, 45, 57, 43, 70, 65, 90, 65, 65, 58, 70, 37, 70, 92,
];

/// What a badge's value stands on: white can be read on each.
fn ground(state: ComponentState) -> &'static str {
    match state {
        ComponentState::Operational => "#08755f",
        ComponentState::Maintenance => "#3d5bd0",
        ComponentState::Degraded => "#8f5a00",
        ComponentState::PartialOutage => "#b04a08",
        ComponentState::MajorOutage => "#bf2f1a",
        ComponentState::Unknown => "#5f6b7e",
    }
}

/// Of a component or a page: `status | operational`.
pub fn state_badge(state: ComponentState, label: Option<&str>, language: PageLanguage) -> String {
    let texts = Texts(language);
    let word = match state {
        ComponentState::Operational => "badge-up",
        ComponentState::Maintenance => "badge-maintenance",
        ComponentState::Degraded => "badge-degraded",
        ComponentState::PartialOutage => "badge-partial-outage",
        ComponentState::MajorOutage => "badge-major-outage",
        ComponentState::Unknown => "badge-unknown",
    };
    let label = label.map_or_else(|| texts.say("badge-status"), str::to_owned);
    badge(&label, &texts.say(word), ground(state))
}

/// `uptime 90 d | 99.982%`.
pub fn uptime_badge(share: Option<&UptimeShare>, days: u16, language: PageLanguage) -> String {
    let texts = Texts(language);
    let value = share.map_or_else(|| texts.say("no-data"), |share| texts.percent(share));
    let state = match share.and_then(|share| share.percent.parse::<f64>().ok()) {
        None => ComponentState::Unknown,
        Some(percent) if percent >= 99.9 => ComponentState::Operational,
        Some(percent) if percent >= 99.0 => ComponentState::Degraded,
        Some(percent) if percent >= 95.0 => ComponentState::PartialOutage,
        Some(_) => ComponentState::MajorOutage,
    };
    badge(
        &texts.tell("badge-uptime", [("n", days.into())]),
        &value,
        ground(state),
    )
}

/// `response time | 128 ms`: the median of the last 24 hours.
pub fn latency_badge(latency: Option<&PublicLatency>, language: PageLanguage) -> String {
    let texts = Texts(language);
    let (value, state) = match latency {
        Some(latency) => (texts.micros(latency.p50_us), ComponentState::Maintenance),
        None => (texts.say("no-data"), ComponentState::Unknown),
    };
    badge(&texts.say("badge-latency"), &value, ground(state))
}

/// The width of a text, tenths of a pixel. What is beyond ASCII and Latin is as wide as it is high.
fn width(text: &str) -> usize {
    text.chars()
        .map(|char| {
            let place = (char as usize).checked_sub(0x20);
            match place.and_then(|place| WIDTHS.get(place)) {
                Some(&width) => usize::from(width),
                None if char == '\u{202f}' => 22,
                None if char == '\u{a0}' => 35,
                None if char < '\u{2000}' => 70,
                None => 110,
            }
        })
        .sum()
}

fn badge(label: &str, value: &str, ground: &str) -> String {
    // Half of the room around each text, tenths.
    const PAD: usize = 60;
    let (label_width, value_width) = (width(label), width(value));
    // Whole pixels, so that the edge between the two is sharp.
    let left = (label_width + 2 * PAD).div_ceil(10);
    let right = (value_width + 2 * PAD).div_ceil(10);
    let all = left + right;
    let (label, value) = (escape(label), escape(value));
    let text = |text: &str, begin: usize, room: usize, width: usize| {
        // The middle of its room, in tenths: the text is drawn ten times as large and then made smaller.
        let middle = begin * 10 + room * 5;
        format!("<text x=\"{middle}\" y=\"140\" transform=\"scale(.1)\" textLength=\"{width}\">{text}</text>")
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all}\" height=\"20\" role=\"img\" aria-label=\"{label}: {value}\">\
         <title>{label}: {value}</title>\
         <clipPath id=\"r\"><rect width=\"{all}\" height=\"20\" rx=\"4\"/></clipPath>\
         <g clip-path=\"url(#r)\"><rect width=\"{left}\" height=\"20\" fill=\"#2b3547\"/>\
         <rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{ground}\"/></g>\
         <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,DejaVu Sans,Geneva,sans-serif\" font-size=\"110\">{}{}</g></svg>",
        text(&label, 0, left, label_width),
        text(&value, left, right, value_width),
    )
}
