//! The cron: each minute it pokes every region's object, which then runs its turn by itself.
//!
//! Cron runs on whatever machine is idle, in no region at all. Only the objects are placed, so that nothing is measured
//! here. An object is got with its location hint each time; the platform heeds the first.

use crate::{
    region_object::{OBJECT_BINDING, TICK_URL},
    settings::configured_regions,
};
use futures::future::join_all;
use worker::{Env, ObjectNamespace, ScheduleContext, ScheduledEvent, console_error, event};

/// Pokes the regions. A failure is logged and costs nothing but that poke: an object that has run once keeps itself going.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    let regions = match configured_regions(&env) {
        Ok(regions) => regions,
        Err(error) => return console_error!("the probe is not configured: {error}"),
    };
    let objects = match env.durable_object(OBJECT_BINDING) {
        Ok(objects) => objects,
        Err(error) => {
            return console_error!("the Durable Object binding {OBJECT_BINDING} is missing: {error}");
        }
    };
    let wanted = regions
        .iter()
        .flat_map(|entry| entry.objects().map(|name| (name, entry.hint)));
    join_all(wanted.map(|(name, hint)| poke(&objects, name, hint))).await;
}

async fn poke(objects: &ObjectNamespace, name: String, hint: &'static str) {
    let answer = async {
        let object = objects.get_by_name_with_location_hint(&name, hint)?;
        object.fetch_with_str(TICK_URL).await
    };
    if let Err(error) = answer.await {
        console_error!("the object {name} could not be reached: {error}");
    }
}
