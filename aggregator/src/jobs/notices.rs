//! From what has happened to what is sent: notices become deliveries, one for each subscriber, told as the page tells it.
//! Maintenance begins and ends by time alone, so what there is to say of it is found by comparing the page with what was
//! told.

use super::AfterCommit;
use crate::{
    state::AppState,
    store::notice::{
        WaitingNotice, delete_notice, list_pages_with_subscribers, list_told_windows, list_waiting,
        make_deliveries, note_window,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::{
    notice::{Notice, NoticeKind},
    public_status::{PublicComponent, PublicMaintenance, StatusSnapshot},
};
use serde::Deserialize as _;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};

/// Notices at once; what is left waits for the next turn.
const AT_ONCE: i64 = 500;

/// An incident that is over, or told of in somebody's words, within this time after it was known is not announced by
/// itself.
const OPENED_AFTER: TimeDelta = TimeDelta::seconds(60);

/// What the page does not tell of by then, it will not.
const TOLD_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// A window of maintenance that comes again is announced so long before.
const ANNOUNCED_BEFORE: TimeDelta = TimeDelta::days(3);

/// Windows that began longer ago are nobody's news.
const WINDOWS_SINCE: TimeDelta = TimeDelta::days(40);

/// Makes deliveries of what there is to tell.
pub(super) async fn make_notices(state: &AppState, db: &mut PgConnection) -> sqlx::Result<AfterCommit> {
    tell_of_incidents(state, &mut *db).await?;
    tell_of_maintenance(state, db).await?;
    Ok(Vec::new())
}

async fn tell_of_incidents(state: &AppState, db: &mut PgConnection) -> sqlx::Result<()> {
    let now = state.clock.now();
    let pages = state.status_pages.current();
    // By page and incident: one that has begun, and is not told of yet.
    let mut held = BTreeMap::new();
    let mut told = BTreeSet::new();
    let waiting = list_waiting(&mut *db, AT_ONCE).await?;
    let followed: BTreeSet<_> = waiting
        .iter()
        .filter(|waiting| matches!(waiting.kind, NoticeKind::Update | NoticeKind::Resolved))
        .filter_map(|waiting| Some((waiting.page, waiting.incident?)))
        .collect();
    for waiting in waiting {
        let Some(incident) = waiting.incident else {
            delete_notice(&mut *db, waiting.id).await?;
            continue;
        };
        let thread = (waiting.page, incident);
        let opened = held.get(&thread).copied();
        match waiting.kind {
            NoticeKind::Opened if now - waiting.at < OPENED_AFTER || followed.contains(&thread) => {
                held.insert(thread, waiting.id);
                continue;
            }
            // Somebody's own words are better.
            NoticeKind::Update => {
                if let Some(opened) = opened {
                    delete_notice(&mut *db, opened).await?;
                    held.remove(&thread);
                }
            }
            NoticeKind::Resolved => {
                if let Some(opened) = opened {
                    delete_notice(&mut *db, opened).await?;
                    held.remove(&thread);
                }
                let is_known = waiting.before.is_some() || told.contains(&thread);
                if opened.is_some() || !is_known {
                    delete_notice(&mut *db, waiting.id).await?;
                    continue;
                }
            }
            _ => {}
        }
        let snapshot = pages.page(waiting.page).map(|page| &page.snapshot);
        let is_fresh = snapshot.is_some_and(|snapshot| snapshot.taken_at >= waiting.at);
        let content = snapshot
            .filter(|_| is_fresh)
            .and_then(|snapshot| incident_notice(&waiting, incident, snapshot));
        match (content, snapshot) {
            (Some(notice), Some(snapshot)) => {
                let components = with_groups(&notice.components(), snapshot);
                let made = make_deliveries(&mut *db, waiting.id, &notice, &components, now).await?;
                told.insert(thread);
                tracing::info!(
                    page = waiting.page,
                    incident,
                    event = notice.kind.event(),
                    made,
                    "subscribers are told"
                );
            }
            _ if now - waiting.at > TOLD_WITHIN => delete_notice(&mut *db, waiting.id).await?,
            // The page does not know of it yet.
            _ => {}
        }
    }
    Ok(())
}

/// What is told, as the page tells it.
fn incident_notice(waiting: &WaitingNotice, id: i32, snapshot: &StatusSnapshot) -> Option<Notice> {
    let incident = match snapshot.incident(id) {
        Some(incident) => incident.clone(),
        // Withdrawn: the page tells of it no more, but it was told of.
        None if waiting.kind == NoticeKind::Resolved => {
            let before = Notice::deserialize(waiting.before.as_ref()?).ok()?;
            let mut incident = before.incident?;
            incident.resolved_at = Some(waiting.at);
            incident.stage = edgewatch_client::public_status::IncidentStage::Resolved;
            incident
        }
        None => return None,
    };
    let notice = Notice {
        kind: waiting.kind,
        at: waiting.at,
        update: waiting.update,
        page: snapshot.page.clone(),
        incident: Some(incident),
        maintenance: None,
    };
    // An update that is not on the page is not told.
    (waiting.update.is_none() || notice.update().is_some()).then_some(notice)
}

/// These components and the groups that they are in.
fn with_groups(components: &[i32], snapshot: &StatusSnapshot) -> Vec<i32> {
    fn collect(tree: &[PublicComponent], wanted: &[i32], found: &mut Vec<i32>) -> bool {
        let mut any = false;
        for component in tree {
            let within = collect(&component.children, wanted, found);
            if within || wanted.contains(&component.id) {
                found.push(component.id);
                any = true;
            }
        }
        any
    }
    let mut found = Vec::new();
    collect(&snapshot.components, components, &mut found);
    found
}

async fn tell_of_maintenance(state: &AppState, db: &mut PgConnection) -> sqlx::Result<()> {
    let now = state.clock.now();
    let pages = state.status_pages.current();
    for page in list_pages_with_subscribers(&mut *db).await? {
        let Some(snapshot) = pages.page(page).map(|page| &page.snapshot) else {
            continue;
        };
        let told = list_told_windows(&mut *db, page, now - WINDOWS_SINCE).await?;
        let mut last = BTreeMap::new();
        for told in told {
            if let Ok(notice) = Notice::deserialize(&told.content) {
                last.insert((told.maintenance, told.from), (told.kind, notice));
            }
        }
        for (kind, window) in news(&snapshot.maintenance, &last, snapshot.taken_at) {
            let Some(id) = note_window(&mut *db, page, kind, window.id, window.from, now).await? else {
                continue;
            };
            let notice = Notice {
                kind,
                at: now,
                update: None,
                page: snapshot.page.clone(),
                incident: None,
                maintenance: Some(window),
            };
            let components = with_groups(&notice.components(), snapshot);
            let made = make_deliveries(&mut *db, id, &notice, &components, now).await?;
            tracing::info!(page, event = kind.event(), made, "subscribers are told");
        }
    }
    Ok(())
}

/// What there is to say of windows, of which this was said last.
fn news(
    windows: &[PublicMaintenance],
    told: &BTreeMap<(i32, DateTime<Utc>), (NoticeKind, Notice)>,
    now: DateTime<Utc>,
) -> Vec<(NoticeKind, PublicMaintenance)> {
    use NoticeKind::{Announced, Begun, Cancelled, Ended};
    let mut news = Vec::new();
    for window in windows {
        let said = told.get(&(window.id, window.from)).map(|said| said.0);
        let comes_again = windows.iter().filter(|other| other.id == window.id).count() > 1;
        let is_near = window.from - now <= ANNOUNCED_BEFORE;
        match said {
            None | Some(Announced) if window.is_open(now) => news.push((Begun, window.clone())),
            None if !comes_again || is_near => news.push((Announced, window.clone())),
            _ => {}
        }
    }
    for (&(maintenance, from), (kind, notice)) in told {
        let on_page = windows
            .iter()
            .any(|window| window.id == maintenance && window.from == from);
        let Some(window) = &notice.maintenance else {
            continue;
        };
        match kind {
            Announced if !on_page && now < from => news.push((Cancelled, window.clone())),
            Announced | Begun if !on_page => {
                let mut window = window.clone();
                window.to = window.to.min(now);
                news.push((Ended, window));
            }
            _ => {}
        }
    }
    news
}
