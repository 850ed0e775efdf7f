//! One region: a Durable Object that runs the region's turns, one at a time, and keeps its outbox.
//!
//! All work is done in the alarm, which the platform never runs twice at once and repeats when the machine dies under it.
//! The cron only sets the alarm to now. The object arms its own next alarm too: for the next due slot, and for a turn
//! of its own when the cron does not come.

use crate::{
    platform::{WorkersPlatform, now_ms},
    settings::{Settings, configured_regions},
};
use edgewatch_core::{
    config::ProbeConfig,
    platform::{Storage as _, StorageError},
    tick::{self, TickReport},
};
use edgewatch_protocol::{
    enrolment::ProbeStatus, identity::derive_shard_key, name::Region, region_list::find_object,
};
use serde::Serialize;
use std::{
    cell::{Cell, OnceCell, RefCell},
    time::Duration,
};
use worker::{
    DurableObject, Env, Request, Response, Result, State, console_error, console_log, console_warn,
    durable_object, wasm_bindgen,
};

/// The name of the binding in `wrangler.toml`.
pub const OBJECT_BINDING: &str = "REGION";
/// Asks the object for a turn; it answers before the turn is made.
pub const TICK_URL: &str = "https://region/tick";

/// Where the object notes its name.
const NAME_KEY: &str = "name";
/// After so long without a turn the object makes one by itself: the cron has missed one.
const CRON_MISSED_MS: i64 = 75_000;
/// The record of when the last turn that pulled assignments began, Unix milliseconds. It is kept in the storage: an idle
/// object is put out of memory within seconds.
const PULLED_KEY: &str = "object/pulled";
/// The time to the next alarm when that is due already: a turn follows at once, but never without end.
const OVERDUE_PAUSE_MS: i64 = 1_000;

/// A region's object. Its name is the region's, with `#1`, `#2`, … where several share one.
#[durable_object]
pub struct RegionObject {
    state: State,
    env: Env,
    probe: OnceCell<Probe>,
    /// A turn was asked for and has not begun.
    wanted: Cell<bool>,
    running: Cell<bool>,
    last: RefCell<Option<TurnLine>>,
}

struct Probe {
    platform: WorkersPlatform,
    config: ProbeConfig,
}

impl Probe {
    /// When the last turn that pulled assignments began; 0 when that is not known.
    async fn pulled_ms(&self) -> i64 {
        let record = self.platform.get(PULLED_KEY).await.ok().flatten();
        let text = record.and_then(|record| String::from_utf8(record).ok());
        text.and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// Notes that a turn begins that pulls, and learns the place for it.
    async fn begin_pull(&self, now_ms: i64) -> std::result::Result<(), StorageError> {
        self.platform
            .put(PULLED_KEY, now_ms.to_string().as_bytes())
            .await?;
        self.platform.observe_place().await
    }
}

/// What is logged of a turn.
#[derive(Clone, Serialize)]
struct TurnLine {
    event: &'static str,
    region: String,
    /// Whether assignments were pulled, or only due slots run.
    pulled: bool,
    ran: usize,
    /// Slots that could not be begun in time: the region wants more objects.
    overruns: u64,
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

/// What the object says of itself to the worker beside it.
#[derive(Serialize)]
struct ObjectState {
    busy: bool,
    last: Option<TurnLine>,
}

impl DurableObject for RegionObject {
    fn new(state: State, env: Env) -> Self {
        Self {
            state,
            env,
            probe: OnceCell::new(),
            wanted: Cell::default(),
            running: Cell::default(),
            last: RefCell::default(),
        }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        match request.path().as_str() {
            "/tick" => {
                self.note_name().await?;
                self.wanted.set(true);
                self.state.storage().set_alarm(Duration::ZERO).await?;
                Response::empty().map(|response| response.with_status(202))
            }
            "/state" => Response::from_json(&ObjectState {
                busy: self.wanted.get() || self.running.get(),
                last: self.last.borrow().clone(),
            }),
            _ => Response::error("not found", 404),
        }
    }

    async fn alarm(&self) -> Result<Response> {
        let wanted = self.wanted.replace(false);
        self.running.set(true);
        let next_ms = self.turn(wanted).await;
        self.running.set(false);
        // A turn that was asked for meanwhile has its alarm already.
        if let (Some(next_ms), false) = (next_ms, self.wanted.get()) {
            let pause_ms = Some(next_ms - now_ms()).filter(|pause_ms| *pause_ms > 0);
            let pause_ms = pause_ms.unwrap_or(OVERDUE_PAUSE_MS);
            self.state.storage().set_alarm(pause_ms).await?;
        }
        Response::empty()
    }
}

impl RegionObject {
    /// The object's name. One that its alarm wakes after a restart of the machine is not told it, and has to have noted it.
    async fn name(&self) -> String {
        match self.state.id().name() {
            Some(name) => name,
            None => self
                .state
                .storage()
                .get(NAME_KEY)
                .await
                .ok()
                .flatten()
                .unwrap_or_default(),
        }
    }

    async fn note_name(&self) -> Result<()> {
        let Some(name) = self.state.id().name() else {
            return Ok(());
        };
        let storage = self.state.storage();
        if storage.get::<String>(NAME_KEY).await?.as_ref() != Some(&name) {
            storage.put(NAME_KEY, name).await?;
        }
        Ok(())
    }

    /// Makes one turn and logs it. Answers when the next is due; `None` when this object has no work any more.
    async fn turn(&self, wanted: bool) -> Option<i64> {
        let name = self.name().await;
        let configured = configured_regions(&self.env).unwrap_or_default();
        let Some((region, shard)) = find_object(&configured, &name) else {
            console_warn!("{name} is not in EDGEWATCH_REGIONS any more and rests");
            return None;
        };
        let probe = match self.probe(region, shard) {
            Ok(probe) => probe,
            Err(error) => {
                console_error!("{name} is not configured: {error}");
                return None;
            }
        };
        let began_ms = now_ms();
        let mut pulled_ms = probe.pulled_ms().await;
        let pulls = wanted || began_ms - pulled_ms >= CRON_MISSED_MS;
        let report = if pulls {
            pulled_ms = began_ms;
            let kept = probe.begin_pull(began_ms).await;
            let mut report = tick::tick(&probe.config, &probe.platform).await;
            report.problems.extend(kept.err().map(|error| error.to_string()));
            report
        } else {
            tick::round(&probe.config, &probe.platform).await
        };
        let cron_missed_ms = pulled_ms + CRON_MISSED_MS;
        let next_ms = report
            .next_due_ms
            .map_or(cron_missed_ms, |due_ms| due_ms.min(cron_missed_ms));
        self.log(name, pulls, began_ms, report);
        Some(next_ms)
    }

    /// Opened once in the object's life; an object is made anew when the deployment changes.
    fn probe(&self, region: Region, shard: u8) -> std::result::Result<&Probe, String> {
        if let Some(probe) = self.probe.get() {
            return Ok(probe);
        }
        let settings = Settings::read(&self.env)?;
        let config = ProbeConfig {
            aggregator_url: settings.aggregator_url.clone(),
            key: derive_shard_key(&settings.seed, &region, shard)?,
            region,
            enrolment_token: settings.enrolment_token.clone(),
        };
        let platform = WorkersPlatform::open(settings, &self.state).map_err(|error| error.to_string())?;
        Ok(self.probe.get_or_init(|| Probe { platform, config }))
    }

    fn log(&self, region: String, pulled: bool, began_ms: i64, report: TickReport) {
        let line = TurnLine {
            event: "turn",
            region,
            pulled,
            ran: report.ran,
            overruns: report.overruns,
            tested: report.tested,
            sent: report.sent,
            pending: report.pending,
            enrolment: report.enrolment,
            took_ms: now_ms() - began_ms,
            next_due_ms: report.next_due_ms,
            problems: report.problems,
        };
        let text = serde_json::to_string(&line).unwrap_or_default();
        if line.problems.is_empty() {
            console_log!("{text}");
        } else {
            console_warn!("{text}");
        }
        self.last.replace(Some(line));
    }
}
