//! `/maintenance`: a month of maintenance windows, and what is open or to come.

use super::{Page, Query, viewer_zone::ViewerZone, words::moment};
use crate::{
    clock::machine_now_ms,
    components::{
        icon::Icon,
        state_badge::{badge, of_monitor},
    },
    format::{self, Moment},
    session::Session,
};
use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, NaiveTime, TimeDelta, Weekday};
use edgewatch_client::{
    Client,
    maintenance::{
        Maintenance, MaintenanceQuery, MaintenanceSchedule, MaintenanceScope, MaintenanceStatus,
        MaintenanceWindow,
    },
    monitor::MonitorState,
    protocol::problem::Problem,
};
use leptos::prelude::*;

/// Weeks that a month may touch.
const WEEKS: usize = 6;

/// Writes it. `?month=2026-11` shows another month than this one.
pub async fn write(
    client: &Client,
    session: &Session,
    query: Query<'_>,
    zone: ViewerZone,
) -> Result<Page, Problem> {
    let now = DateTime::from_timestamp_millis(machine_now_ms()).unwrap_or_default();
    let asked = query.get("month").and_then(|text| month_of(&text));
    let month = asked.unwrap_or_else(|| first_of(zone.day(now)));
    let begin = month.week(Weekday::Mon).first_day();
    let end = begin + Days::new(7 * WEEKS as u64);
    let list = client
        .list_maintenance(MaintenanceQuery {
            from: zone.begin_of(begin),
            to: zone.begin_of(end),
        })
        .await?;
    let can_edit = session.can_edit();
    let plan = can_edit.then(|| {
        html! {
            <div class="actions">
                <a class="button" href="/maintenance/new?recurring=1">{Icon::Retry.view()} "Plan recurring"</a>
                <a class="button button-primary" href="/maintenance/new">{Icon::Plus.view()} "Plan maintenance"</a>
            </div>
        }
    });
    let to_come: Vec<_> = list
        .iter()
        .filter(|one| one.status != MaintenanceStatus::Over)
        .collect();
    let body = if to_come.is_empty() {
        html! { <p class="note">"Nothing is planned. What fails in a maintenance window is no outage."</p> }
    } else {
        to_come.into_iter().map(card).collect_view().into_any()
    };
    let content = html! {
        <div class="page-head">
            <div>
                <h1>"Maintenance"</h1>
                <p class="page-sub">"When monitors are worked at: what fails meanwhile is no outage."</p>
            </div>
            {plan}
        </div>
        <section class="card" aria-labelledby="month">
            <div class="card-head">
                <h2 id="month">{title(month)} <span class="muted">" · " {zone.name()}</span></h2>
                <div class="actions">{step(month, false)} {step(month, true)}</div>
            </div>
            {calendar((month, begin), zone.day(now), zone, &list)}
        </section>
        <section class="section card" aria-labelledby="to-come">
            <div class="card-head"><h2 id="to-come">"Open and planned"</h2></div>
            {body}
        </section>
    };
    Ok(("Maintenance".to_owned(), content))
}

/// `2026-11`, as its first day.
fn month_of(text: &str) -> Option<NaiveDate> {
    let (year, month) = text.split_once('-')?;
    let year = year.parse().ok().filter(|year| (1970..=9999).contains(year))?;
    NaiveDate::from_ymd_opt(year, month.parse().ok()?, 1)
}

fn first_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn title(month: NaiveDate) -> String {
    // `1 Nov 2026` without the day.
    let date = format::moment(month.and_time(NaiveTime::MIN).and_utc(), Moment::Date);
    date.trim_start_matches("1 ").to_owned()
}

/// The link to the month before, or after.
fn step(month: NaiveDate, forward: bool) -> AnyView {
    let one = Months::new(1);
    let (to, label, icon) = if forward {
        (month.checked_add_months(one), "Next month", Icon::ChevronRight)
    } else {
        (month.checked_sub_months(one), "Previous month", Icon::ChevronLeft)
    };
    let to = to.unwrap_or(month);
    let href = format!("/maintenance?month={}-{:02}", to.year(), to.month());
    html! { <a class="icon-button" href=href aria-label=label title=label>{icon.view()}</a> }
}

/// The weeks of a month from Monday on. On a narrow screen the days without a window are left out.
fn calendar(
    (month, begin): (NaiveDate, NaiveDate),
    today: NaiveDate,
    zone: ViewerZone,
    list: &[Maintenance],
) -> AnyView {
    let after = month.checked_add_months(Months::new(1)).unwrap_or(month);
    let days = begin
        .iter_days()
        .take(7 * WEEKS)
        .take_while(|day| *day < after || day.weekday() != Weekday::Mon);
    let cells = days.map(|day| {
        let windows = list
            .iter()
            .flat_map(|one| one.windows.iter().map(move |window| (one, window)));
        let links: Vec<_> = windows
            .filter_map(|(one, window)| entry(one, *window, day, zone))
            .collect();
        let mut class = "calendar-day".to_owned();
        for (is, name) in [
            (first_of(day) != month, " calendar-outside"),
            (first_of(day) != month || links.is_empty(), " calendar-empty"),
            (day == today, " calendar-today"),
        ] {
            class.push_str(if is { name } else { "" });
        }
        html! {
            <li class=class>
                <span class="calendar-number">{day.day().to_string()}</span>
                {links}
            </li>
        }
    });
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map(|name| html! { <li>{name}</li> });
    html! {
        <ol class="calendar-names" aria-hidden="true">{names.into_iter().collect_view()}</ol>
        <ol class="calendar">{cells.collect_view()}</ol>
    }
}

/// A window as it stands in a day, if it touches the day.
fn entry(one: &Maintenance, window: MaintenanceWindow, day: NaiveDate, zone: ViewerZone) -> Option<AnyView> {
    let (first, last) = (
        zone.day(window.from),
        zone.day(window.to - TimeDelta::milliseconds(1)),
    );
    let is_touched = first <= day && day <= last;
    is_touched.then(|| {
        let begins = (first == day).then(|| {
            html! { <span class="calendar-time">{format::moment(zone.wall(window.from), Moment::TimeOfDay)}</span> }
        });
        html! {
            <a class="calendar-window tone-maintenance" href=format!("/maintenance/{}", one.id)>{begins} " " {one.settings.name.clone()}</a>
        }
    })
}

/// What a maintenance is for, in words.
pub fn scope(scope: &MaintenanceScope) -> String {
    if scope.everything {
        return "all monitors".to_owned();
    }
    let counted = |numbers: &[i32], what| (!numbers.is_empty()).then(|| format::counted(numbers.len(), what));
    let tags = scope.tags.iter().map(|tag| format!("tag {tag}"));
    let shown = [
        counted(&scope.pages, "status page"),
        counted(&scope.groups, "component"),
    ];
    let monitors = counted(&scope.monitors, "monitor");
    let all = monitors
        .into_iter()
        .chain(tags)
        .chain(shown.into_iter().flatten());
    all.collect::<Vec<_>>().join(", ")
}

fn card(one: &Maintenance) -> AnyView {
    let is_open = one.status == MaintenanceStatus::Open;
    let rule = match &one.settings.schedule {
        MaintenanceSchedule::Once { .. } => None,
        MaintenanceSchedule::Recurring { rule, zone, .. } => {
            Some(html! { <span class="muted"><code>{rule.clone()}</code> " in " {zone.clone()}</span> })
        }
    };
    let next = one.next.map(|window| {
        html! { <span>{moment(window.from, Moment::Minute)} " to " {moment(window.to, Moment::Minute)}</span> }
    });
    let note = one.settings.note.clone();
    html! {
        <a class="maintenance-row" href=format!("/maintenance/{}", one.id)>
            <strong>{one.settings.name.clone()}</strong>
            {is_open.then(|| badge(of_monitor(MonitorState::Maintenance)))}
            {next}
            <span class="muted">{format!("for {}", scope(&one.settings.scope))}</span>
            {rule}
            {(!note.is_empty()).then(|| html! { <span class="muted maintenance-note">{note}</span> })}
        </a>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_from_its_name() {
        assert_eq!(month_of("2026-11"), NaiveDate::from_ymd_opt(2026, 11, 1));
        for text in ["", "2026", "2026-13", "x-1", "99999-01"] {
            assert_eq!(month_of(text), None, "{text}");
        }
        assert_eq!(title(NaiveDate::from_ymd_opt(2026, 11, 1).unwrap()), "Nov 2026");
    }

    #[test]
    fn a_window_stands_in_each_day_that_it_touches() {
        let window = MaintenanceWindow {
            from: "2026-11-03T22:00:00Z".parse().unwrap(),
            to: "2026-11-05T00:00:00Z".parse().unwrap(),
        };
        let one = Maintenance {
            id: 4,
            revision: 1,
            settings: edgewatch_client::maintenance::MaintenanceSettings {
                name: "Upgrade".to_owned(),
                note: String::new(),
                schedule: MaintenanceSchedule::Once {
                    from: window.from,
                    to: window.to,
                },
                scope: MaintenanceScope::default(),
            },
            status: MaintenanceStatus::Planned,
            next: Some(window),
            windows: vec![window],
            created_at: window.from,
            history: Vec::new(),
        };
        let zone = ViewerZone::of_request();
        let days: Vec<_> = (1..8)
            .filter_map(|day| NaiveDate::from_ymd_opt(2026, 11, day))
            .filter(|day| entry(&one, window, *day, zone).is_some())
            .map(|day| day.day())
            .collect();
        assert_eq!(days, [3, 4]);
    }
}
