//! What the aggregator tells of itself at `/metrics`: a registry of its own, no names of monitors.

use prometheus_client::registry::Registry;
use std::sync::{Arc, Mutex, PoisonError};

/// The process's metrics; clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            registry: Arc::new(Mutex::new(Registry::with_prefix("edgewatch"))),
        }
    }
}

impl Metrics {
    /// The metrics in the `OpenMetrics` text format.
    ///
    /// # Errors
    /// When a metric cannot be written as text, which would be a fault of its type.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        Ok(text)
    }
}
