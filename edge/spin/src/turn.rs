//! A turn: one whole tick, then rounds for the slots that become due before the next trigger comes.

use crate::{
    platform::{SpinPlatform, now_ms, sleep},
    settings::Settings,
    turn_lease::TurnLease,
};
use edgewatch_core::tick::{self, TickReport};
use edgewatch_protocol::enrolment::ProbeStatus;
use futures::future::{Either, select};
use serde::Serialize;
use std::{pin::pin, time::Duration};

/// The most problems that a turn tells; rounds in a row tend to meet the same ones.
const MAX_PROBLEMS: usize = 20;

/// What is told of a turn, to the log and to whoever asked for it.
#[derive(Debug, Serialize)]
pub struct TurnLine {
    event: &'static str,
    region: String,
    /// Whether a turn was made. One that waited too long for the turn before it was not.
    made: bool,
    /// Times that due slots were looked for.
    rounds: usize,
    ran: usize,
    tested: usize,
    sent: usize,
    pending: bool,
    /// Where the enrolment stands, where this turn learnt it.
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolment: Option<ProbeStatus>,
    took_ms: i64,
    next_due_ms: Option<i64>,
    problems: Vec<String>,
}

/// Makes a turn and logs it. `began_ms` is when it was asked for.
///
/// # Errors
/// When the storage cannot be used; one line.
pub async fn make(settings: Settings, began_ms: i64) -> Result<TurnLine, String> {
    let platform = SpinPlatform::open(&settings)
        .await
        .map_err(|error| error.to_string())?;
    let mut line = TurnLine {
        event: "turn",
        region: settings.probe.region.to_string(),
        made: false,
        rounds: 0,
        ran: 0,
        tested: 0,
        sent: 0,
        pending: false,
        enrolment: None,
        took_ms: 0,
        next_due_ms: None,
        problems: Vec::new(),
    };
    match TurnLease::acquire(&platform)
        .await
        .map_err(|error| error.to_string())?
    {
        Some(lease) => {
            line.made = true;
            let end_ms = began_ms + i64::from(settings.turn_s) * 1000;
            let rounds = make_rounds(&settings, &platform, end_ms, &mut line);
            match select(pin!(rounds), pin!(lease.keep())).await {
                Either::Left(((), _)) | Either::Right(((), _)) => {}
            }
            let released = lease.release().await;
            line.problems
                .extend(released.err().map(|error| error.to_string()));
        }
        None => line
            .problems
            .push("the turn before this one is still under way".to_owned()),
    }
    line.took_ms = now_ms() - began_ms;
    println!("{}", serde_json::to_string(&line).unwrap_or_default());
    Ok(line)
}

/// A tick, and a round whenever a slot is due until `end_ms`.
async fn make_rounds(settings: &Settings, platform: &SpinPlatform, end_ms: i64, line: &mut TurnLine) {
    let mut report = tick::tick(&settings.probe, platform).await;
    loop {
        line.add(report);
        let Some(due_ms) = line.next_due_ms.filter(|&due_ms| due_ms < end_ms) else {
            return;
        };
        let pause_ms = (due_ms - now_ms()).max(0).unsigned_abs();
        sleep(Duration::from_millis(pause_ms)).await;
        report = tick::round(&settings.probe, platform).await;
    }
}

impl TurnLine {
    fn add(&mut self, report: TickReport) {
        self.rounds += 1;
        self.ran += report.ran;
        self.tested += report.tested;
        self.sent += report.sent;
        self.pending = report.pending;
        self.enrolment = report.enrolment.or(self.enrolment);
        self.next_due_ms = report.next_due_ms;
        for problem in report.problems {
            if self.problems.len() < MAX_PROBLEMS && !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }
}
