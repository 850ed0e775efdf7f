//! Making what is asked for, in the background: each replica takes one report at a time and holds it while it works.

use super::content::{Contents, read_contents};
use crate::{
    report::at,
    sla_records::{Need, SlaRecords},
    state::AppState,
    store::{
        report::{TakenReport, fail_report, finish_report, note_progress, take_report},
        sla::{in_force, list_exclusions},
    },
};
use chrono::TimeDelta;
use edgewatch_client::report::ReportSummary;
use edgewatch_domain::{sla::SlaFigures, span::Span};
use edgewatch_report::document::ReportDocument;
use std::{error::Error, time::Duration};

/// How often it is looked for reports.
const EVERY: Duration = Duration::from_secs(1);

/// How long a report is held after each step: longer than any of them takes.
const HELD_FOR: TimeDelta = TimeDelta::minutes(5);

/// How often making a report is tried.
const ATTEMPTS: i16 = 3;

/// Until it is tried again.
const PAUSE: TimeDelta = TimeDelta::seconds(30);

/// By zstd: a document is mostly figures that are alike.
const COMPRESSION: i32 = 9;

/// Makes what is asked for, again and again, until the process is asked to stop; what has begun is finished.
pub async fn run_reports(state: AppState) {
    let mut stopping = state.stopping.subscribe();
    loop {
        let outcome = make_next_report(&state).await;
        state.metrics.job_ran("reports", outcome.is_ok());
        if let Err(error) = &outcome {
            tracing::error!(job = "reports", %error, "background work failed; it is tried again");
        }
        let pause = match outcome {
            Ok(true) => Duration::ZERO,
            _ => EVERY,
        };
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Makes the report that has waited longest; `false` if there is none.
pub async fn make_next_report(state: &AppState) -> sqlx::Result<bool> {
    let now = state.clock.now();
    let Some(taken) = take_report(&state.pool, now, now + HELD_FOR).await? else {
        return Ok(false);
    };
    let id = taken.id;
    if let Err(error) = make(state, &taken).await {
        let again = taken.attempts < ATTEMPTS;
        tracing::error!(report = id, %error, again, "a report could not be made");
        let failure = if again {
            "It could not be made; it is tried again."
        } else {
            "It could not be made. The server's log says why."
        };
        let now = state.clock.now();
        fail_report(&state.pool, id, failure, again.then(|| now + PAUSE), now).await?;
    }
    Ok(true)
}

async fn make(state: &AppState, taken: &TakenReport) -> Result<(), Box<dyn Error + Send + Sync>> {
    let step = |progress: i16| note_progress(&state.pool, taken.id, progress, state.clock.now() + HELD_FOR);
    let now = state.clock.now();
    let span = Span::new(taken.from.timestamp_millis(), taken.to.timestamp_millis());
    let mut db = state.pool.acquire().await?;
    step(10).await?;
    let exclusions = list_exclusions(&mut *db, &[taken.sla]).await?.remove(&taken.sla);
    let mut exclusions = in_force(&exclusions.unwrap_or_default());
    exclusions.retain(|exclusion| !exclusion.span().intersection(span).is_empty());
    let need = Need {
        policy: &taken.policy,
        span,
        by_region: true,
    };
    let records = SlaRecords::read(&mut db, &[need], now).await?;
    if !step(200).await? {
        return Ok(());
    }
    let policy = taken.policy.clone();
    let left_out = exclusions.clone();
    // Seconds of arithmetic for hundreds of monitors: not on a thread that answers others.
    let figures: SlaFigures =
        tokio::task::spawn_blocking(move || records.figures(&policy, &left_out, span, true)).await?;
    if !step(400).await? {
        return Ok(());
    }
    let mut contents = Contents::new(taken, &figures, state);
    // Percentiles are read monitor by monitor.
    let count = taken.policy.monitors.len().max(1);
    let mut told = 0;
    read_contents(&mut db, &mut contents, |done| {
        let progress = 400 + (500 * done / count) as i16;
        let is_news = progress >= told + 50;
        told = if is_news { progress } else { told };
        async move {
            if is_news {
                step(progress).await?;
            }
            Ok(())
        }
    })
    .await?;
    drop(db);
    step(920).await?;
    let summary = ReportSummary::of(&figures, taken.policy.objective_ppm.parts_per_million());
    let document = contents.document(taken, figures, exclusions, now);
    let packed = tokio::task::spawn_blocking(move || pack(&document)).await??;
    finish_report(&state.pool, taken.id, &packed, &summary, state.clock.now()).await?;
    tracing::info!(report = taken.id, sla = taken.sla, from = %at(span.from_ms), bytes = packed.len(), "report made");
    Ok(())
}

fn pack(document: &ReportDocument) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), COMPRESSION)?;
    serde_json::to_writer(&mut encoder, document)?;
    Ok(encoder.finish()?)
}

/// A stored document.
///
/// # Errors
/// It is none.
pub fn unpack(packed: &[u8]) -> Result<ReportDocument, Box<dyn Error + Send + Sync>> {
    Ok(serde_json::from_reader(zstd::stream::read::Decoder::new(
        packed,
    )?)?)
}
