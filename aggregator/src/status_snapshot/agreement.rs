//! The agreements that pages show, by the same figures as everywhere ([`sla_status`]).

use crate::{
    evidence_log::verifier_key,
    secret::Secrets,
    sla_records::SlaRecords,
    sla_status::{self, history_needs, standing, standings_need},
    store::{
        log::read_log,
        sla::{StoredSla, in_force, list_exclusions, list_slas},
        status_page::StoredPage,
        status_page_sla::list_past_reports,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::{
    public_sla::{PageReports, PageSla, PublicExclusion, PublicReport, PublicSla},
    sla::{SlaExclusion, SlaPast},
};
use edgewatch_domain::{
    calendar::{Unit, period_at},
    sla::{SlaPolicy, SlaWindow, SlaWindowFigures},
    span::Span,
};
use sqlx::PgConnection;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How old windows that are over may get: counting them takes the records of a year.
const PAST_EVERY: TimeDelta = TimeDelta::seconds(60);
/// Exclusions that are told of an agreement.
const EXCLUSIONS_AT_MOST: usize = 50;
/// And reports: a year of months, and one more.
const REPORTS_AT_MOST: usize = 13;

/// What is to be told of agreements.
#[derive(Clone, Debug, Default)]
pub struct Agreements {
    slas: BTreeMap<i32, StoredSla>,
    exclusions: BTreeMap<i32, Vec<SlaExclusion>>,
    /// Of the windows in which we are.
    records: SlaRecords,
    reports: BTreeMap<i32, Vec<PublicReport>>,
    past: Arc<Past>,
    log_key: Option<String>,
}

/// How agreements stood, counted at a moment.
#[derive(Debug, Default)]
pub struct Past {
    at: DateTime<Utc>,
    /// What was written of them then: the versions of each, and what was left out.
    versions: BTreeMap<i32, usize>,
    exclusions: BTreeMap<i32, Vec<SlaExclusion>>,
    windows: BTreeMap<i32, Vec<SlaPast>>,
}

impl Agreements {
    /// Reads what these pages show of agreements: nothing where they show none. Windows that are over are counted anew where
    /// `past` is too old, or something was written since.
    pub async fn read(
        db: &mut PgConnection,
        pages: &[StoredPage],
        past: &Arc<Past>,
        secrets: &Secrets,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Self> {
        let shown = || pages.iter().flat_map(|page| &page.settings.slas);
        let wanted: BTreeSet<_> = shown().map(|shown| shown.sla).collect();
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let slas = list_slas(&mut *db, None).await?.into_iter();
        let slas: Vec<_> = slas.filter(|sla| wanted.contains(&sla.id)).collect();
        let ids: Vec<_> = slas.iter().map(|sla| sla.id).collect();
        let exclusions = list_exclusions(&mut *db, &ids).await?;
        let records = SlaRecords::read(&mut *db, &standings_need(&slas, now), now).await?;
        let with_reports: Vec<_> = shown()
            .filter(|shown| shown.reports != PageReports::None)
            .map(|shown| shown.sla)
            .collect();
        let reports = list_past_reports(&mut *db, &with_reports, now).await?;
        let with_history: BTreeSet<_> = shown()
            .filter(|shown| shown.history)
            .map(|shown| shown.sla)
            .collect();
        let told = slas.iter().filter(|sla| with_history.contains(&sla.id));
        let told: Vec<_> = told.cloned().collect();
        let past = if past.is_good(&told, &exclusions, now) {
            Arc::clone(past)
        } else {
            Arc::new(Past::count(&mut *db, told, exclusions.clone(), now).await?)
        };
        let log = read_log(&mut *db).await?;
        Ok(Self {
            slas: slas.into_iter().map(|sla| (sla.id, sla)).collect(),
            exclusions,
            records,
            reports,
            past,
            log_key: Some(verifier_key(&log.origin, secrets)?.to_string()),
        })
    }

    /// How they stood, to be kept for the next time.
    pub fn past(&self) -> &Arc<Past> {
        &self.past
    }

    /// Of a page that shows any: the public key of the log.
    pub fn log_key(&self, page: &StoredPage) -> Option<String> {
        let shows = !page.settings.slas.is_empty();
        self.log_key.clone().filter(|_| shows)
    }

    /// What a page shows.
    pub fn of_page(&self, page: &StoredPage, now: DateTime<Utc>) -> Vec<PublicSla> {
        let slas = page.settings.slas.iter();
        slas.filter_map(|shown| self.show(*shown, now)).collect()
    }

    fn show(&self, shown: PageSla, now: DateTime<Utc>) -> Option<PublicSla> {
        let sla = self.slas.get(&shown.sla)?;
        let newest = sla.newest()?;
        let policy = &newest.policy;
        let exclusions = self.exclusions.get(&sla.id).map_or(&[][..], Vec::as_slice);
        let standing = standing(policy, &in_force(exclusions), &self.records, now);
        let history = if shown.history {
            self.windows(sla.id, policy, &standing.figures)
        } else {
            Vec::new()
        };
        // What was left out of windows that are not shown is nobody's question.
        let first_ms = history
            .last()
            .map_or(standing.figures.from_ms, |past| past.figures.from_ms);
        let reports = self.reports.get(&sla.id).into_iter().flatten();
        let reports = reports.filter(|report| is_whole(policy, report));
        Some(PublicSla {
            id: sla.id,
            name: sla.name.clone(),
            version: newest.version,
            hash: newest.hash.clone(),
            objective_ppm: policy.objective_ppm.parts_per_million(),
            window: policy.window,
            zone: policy.zone.clone(),
            maintenance: policy.maintenance,
            unknown: policy.unknown,
            degraded: policy.degraded,
            figures: standing.figures,
            best_ppm: standing.best_ppm,
            history,
            exclusions: shown.exclusions.then(|| left_out(exclusions, first_ms)),
            reports: if shown.reports == PageReports::None {
                Vec::new()
            } else {
                reports.take(REPORTS_AT_MOST).cloned().collect()
            },
            has_bundles: shown.reports == PageReports::Bundles,
        })
    }

    /// The windows that were counted, with the current one as it stands now.
    fn windows(&self, sla: i32, policy: &SlaPolicy, current: &SlaWindowFigures) -> Vec<SlaPast> {
        let counted = self.past.windows.get(&sla).into_iter().flatten();
        let over = counted.filter(|past| past.figures.is_over).cloned();
        let current = (!matches!(policy.window, SlaWindow::RollingDays(_))).then(|| SlaPast {
            version: self
                .slas
                .get(&sla)
                .and_then(StoredSla::newest)
                .map_or(1, |newest| newest.version),
            objective_ppm: policy.objective_ppm.parts_per_million(),
            figures: *current,
        });
        current.into_iter().chain(over).collect()
    }
}

impl Past {
    fn is_good(
        &self,
        slas: &[StoredSla],
        exclusions: &BTreeMap<i32, Vec<SlaExclusion>>,
        now: DateTime<Utc>,
    ) -> bool {
        let is_fresh = (TimeDelta::zero()..PAST_EVERY).contains(&(now - self.at));
        is_fresh && self.versions == versions(slas) && self.exclusions == *exclusions
    }

    async fn count(
        db: &mut PgConnection,
        slas: Vec<StoredSla>,
        exclusions: BTreeMap<i32, Vec<SlaExclusion>>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Self> {
        let needs: Vec<_> = slas.iter().flat_map(|sla| history_needs(sla, now)).collect();
        let records = SlaRecords::read(db, &needs, now).await?;
        // A year of many agreements takes a while: not on a thread that serves.
        let counted = tokio::task::spawn_blocking(move || Self {
            at: now,
            versions: versions(&slas),
            windows: slas
                .iter()
                .map(|sla| {
                    let left_out = exclusions.get(&sla.id).map_or(&[][..], Vec::as_slice);
                    (sla.id, sla_status::history(sla, left_out, &records, now))
                })
                .collect(),
            exclusions,
        });
        counted.await.map_err(|error| sqlx::Error::Decode(error.into()))
    }
}

fn versions(slas: &[StoredSla]) -> BTreeMap<i32, usize> {
    slas.iter().map(|sla| (sla.id, sla.versions.len())).collect()
}

/// What counts of exclusions that reach into the time that is shown.
fn left_out(exclusions: &[SlaExclusion], first_ms: i64) -> Vec<PublicExclusion> {
    let mut left_out: Vec<_> = exclusions
        .iter()
        .filter(|one| one.withdrawn_at.is_none() && one.to.timestamp_millis() > first_ms)
        .map(|one| PublicExclusion {
            from: one.from,
            to: one.to,
            reason: one.reason.clone(),
        })
        .collect();
    left_out.sort_by_key(|one| std::cmp::Reverse((one.from, one.to)));
    left_out.truncate(EXCLUSIONS_AT_MOST);
    left_out
}

/// Whether a report is of one of the agreement's windows; of rolling days, of a calendar month.
fn is_whole(policy: &SlaPolicy, report: &PublicReport) -> bool {
    let (from_ms, to_ms) = (report.from.timestamp_millis(), report.to.timestamp_millis());
    let window = match policy.window {
        SlaWindow::RollingDays(_) => period_at(policy.zone(), Unit::Month, from_ms),
        window => window.span_at(policy.zone(), from_ms),
    };
    window == Span::new(from_ms, to_ms)
}
