//! What a report says beside its figures: names, causes, incidents, and how long checks took.

mod latency;

use super::at;
use crate::{
    state::AppState,
    store::{
        incident_outage::list_monitor_names,
        report::TakenReport,
        report_incident::{StoredCause, list_causes, list_report_incidents},
    },
};
use chrono::{DateTime, Utc};
use edgewatch_domain::{
    sla::{Exclusion, SlaFigures, SlaOutage},
    slo::mtta_ms,
    span::Span,
};
use edgewatch_report::document::{
    ReportContract, ReportDocument, ReportIncident, ReportLinks, ReportMonitor, ReportOutage, SCHEMA,
};
use latency::Latencies;
use sqlx::PgConnection;
use url::Url;

/// What is gathered for a report.
#[derive(Debug)]
pub struct Contents {
    monitors: Vec<i32>,
    span: Span,
    public_url: Option<Url>,
    names: Vec<(i32, String)>,
    causes: Vec<StoredCause>,
    incidents: Vec<ReportIncident>,
    latencies: Latencies,
}

impl Contents {
    /// Nothing yet.
    pub fn new(taken: &TakenReport, figures: &SlaFigures, state: &AppState) -> Self {
        let settings = state.settings();
        Self {
            monitors: taken.policy.monitors.clone(),
            span: figures.period.span(),
            public_url: settings.public_url.clone(),
            names: Vec::new(),
            causes: Vec::new(),
            incidents: Vec::new(),
            latencies: Latencies::over(figures, state),
        }
    }

    /// The whole document.
    pub fn document(
        self,
        taken: &TakenReport,
        figures: SlaFigures,
        exclusions: Vec<Exclusion>,
        now: DateTime<Utc>,
    ) -> ReportDocument {
        let name_of = |id: i32| {
            let found = self.names.iter().find(|(other, _)| *other == id);
            found.map_or_else(|| format!("Monitor {id} (deleted)"), |(_, name)| name.clone())
        };
        let acknowledged = self.incidents.iter().map(|incident| {
            let ms = |at: DateTime<Utc>| at.timestamp_millis();
            (ms(incident.opened_at), incident.acknowledged_at.map(ms))
        });
        let began_within = acknowledged.filter(|(opened_ms, _)| self.span.contains(*opened_ms));
        let url = |path: &str| self.url(path);
        ReportDocument {
            schema: SCHEMA.to_owned(),
            id: taken.id,
            title: taken.title.clone(),
            generated_at: now,
            software: env!("CARGO_PKG_VERSION").to_owned(),
            contract: ReportContract {
                id: taken.sla,
                name: taken.sla_name.clone(),
                description: Some(taken.description.clone()).filter(|text| !text.is_empty()),
                version: taken.version,
                policy: taken.policy.clone(),
            },
            monitors: figures
                .monitors
                .iter()
                .map(|monitor| ReportMonitor {
                    id: monitor.monitor,
                    name: name_of(monitor.monitor),
                })
                .collect(),
            outages: figures
                .outages
                .iter()
                .map(|outage| self.told_of(outage))
                .collect(),
            mtta_ms: mtta_ms(began_within),
            latency: self.latencies.told(),
            links: ReportLinks {
                report: url(&format!("/reports/{}", taken.id)),
                verify: url("/verify"),
            },
            incidents: self.incidents,
            figures,
            exclusions,
        }
    }

    /// What is known of an outage: what was wrong with its monitors that failed first, and where that is shown.
    fn told_of(&self, outage: &SlaOutage) -> ReportOutage {
        let overlaps = |cause: &&StoredCause| {
            outage.monitors.contains(&cause.monitor)
                && cause.from_ms < outage.to_ms
                && outage.from_ms < cause.to_ms
        };
        let mut causes = self.causes.iter().filter(overlaps).peekable();
        let incident = causes.peek().map(|cause| cause.incident);
        let mut sentences = Vec::<&str>::new();
        for sentence in causes.filter_map(|cause| cause.fault.as_deref()) {
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
        sentences.truncate(3);
        ReportOutage {
            cause: (!sentences.is_empty()).then(|| sentences.join(" ")),
            evidence_url: incident.and_then(|id| self.url(&format!("/incidents/{id}"))),
        }
    }

    fn url(&self, path: &str) -> Option<String> {
        let base = self.public_url.as_ref()?;
        base.join(path).ok().map(String::from)
    }
}

/// Reads it, and tells how many monitors are done.
///
/// # Errors
/// Those of the database.
pub async fn read_contents<F: Future<Output = sqlx::Result<()>>>(
    db: &mut PgConnection,
    contents: &mut Contents,
    mut done: impl FnMut(usize) -> F,
) -> sqlx::Result<()> {
    contents.names = list_monitor_names(&mut *db, &contents.monitors).await?;
    let within = (at(contents.span.from_ms), at(contents.span.to_ms));
    contents.causes = list_causes(&mut *db, &contents.monitors, within).await?;
    contents.incidents = list_report_incidents(&mut *db, &contents.monitors, within).await?;
    let base = contents.public_url.clone();
    for incident in &mut contents.incidents {
        let url = base
            .as_ref()
            .and_then(|base| base.join(&format!("/incidents/{}", incident.id)).ok());
        incident.url = url.map(String::from);
    }
    for (index, monitor) in contents.monitors.clone().into_iter().enumerate() {
        contents.latencies.read(&mut *db, monitor).await?;
        done(index + 1).await?;
    }
    Ok(())
}
