//! Thin.
use worker::{Context, Env, Request, Response, Result, ScheduleContext, ScheduledEvent, DurableObject, State, durable_object, event, wasm_bindgen};

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _ctx: ScheduleContext) {
    let ns = env.durable_object("REGION").expect("ns");
    let stub = ns.get_by_name_with_location_hint("weur", "weur").expect("stub");
    let mut r = stub.fetch_with_str("https://region/tick").await.expect("r");
    worker::console_log!("tick {}", r.text().await.expect("t"));
}

#[event(fetch)]
async fn fetch(_req: Request, _env: Env, _ctx: Context) -> Result<Response> {
    Response::ok("hi")
}

/// o
#[durable_object]
pub struct RegionObject {
    state: State,
}

impl DurableObject for RegionObject {
    fn new(state: State, _env: Env) -> Self {
        Self { state }
    }
    async fn fetch(&self, _req: Request) -> Result<Response> {
        self.state.storage().set_alarm(std::time::Duration::from_secs(3)).await?;
        Response::ok(self.state.id().name().unwrap_or_default())
    }
    async fn alarm(&self) -> Result<Response> {
        worker::console_log!("alarm");
        Response::ok("")
    }
}
