//! The shape of the documents that are read.

use edgewatch_domain::{
    group::GroupRule,
    quorum::Quorum,
    sla::{DegradedRule, MaintenanceRule, UnknownRule},
};
use serde::Deserialize;
use serde_json::{Number, Value};

/// A document of kind `SLO`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    pub metadata: Metadata,
    pub spec: Spec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    pub name: String,
    pub display_name: Option<String>,
    /// For whoever keeps the file.
    #[serde(rename = "labels", default)]
    _labels: Value,
    #[serde(rename = "annotations", default)]
    _annotations: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    pub description: Option<String>,
    /// For whoever keeps the file.
    #[serde(rename = "service", default)]
    _service: Option<String>,
    pub indicator: Indicator,
    pub time_window: Vec<TimeWindow>,
    pub budgeting_method: String,
    pub objectives: Vec<SloObjective>,
    /// Alerts are objectives' (`/api/v1/slos`).
    #[serde(rename = "alertPolicies", default)]
    _alert_policies: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Indicator {
    #[serde(rename = "metadata", default)]
    _metadata: Value,
    pub spec: IndicatorSpec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IndicatorSpec {
    #[serde(rename = "description", default)]
    _description: Option<String>,
    pub ratio_metric: RatioMetric,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RatioMetric {
    /// Without effect on a ready-made ratio, by the specification.
    #[serde(rename = "counter", default)]
    _counter: bool,
    #[serde(rename = "rawType")]
    _raw_type: RawType,
    pub raw: Raw,
}

/// The ratio is one of success.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RawType {
    Success,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Raw {
    pub metric_source: MetricSource,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricSource {
    #[serde(rename = "type")]
    pub source_type: String,
    pub spec: SourceSpec,
}

/// What Edgewatch says in an indicator.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceSpec {
    /// By name.
    pub monitors: Vec<String>,
    #[serde(default)]
    pub rule: GroupRule,
    #[serde(default)]
    pub maintenance: MaintenanceRule,
    #[serde(default)]
    pub unknown: UnknownRule,
    #[serde(default)]
    pub degraded: DegradedRule,
    #[serde(default)]
    pub quorum: Option<Quorum>,
    #[serde(default)]
    pub credits: Vec<Credit>,
    /// In which days begin, of a rolling window; a calendar's window says it itself.
    #[serde(default)]
    pub time_zone: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credit {
    pub below_percent: Number,
    pub credit_percent: u8,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TimeWindow {
    pub duration: String,
    pub is_rolling: bool,
    pub calendar: Option<Calendar>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Calendar {
    /// Months, quarters and years begin where they begin.
    #[serde(rename = "startTime", default)]
    _start_time: Option<String>,
    pub time_zone: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SloObjective {
    #[serde(rename = "displayName", default)]
    _display_name: Option<String>,
    pub target: Option<Number>,
    pub target_percent: Option<Number>,
    #[serde(rename = "timeSliceTarget", default)]
    _time_slice_target: Option<Number>,
    #[serde(rename = "timeSliceWindow", default)]
    _time_slice_window: Option<Value>,
}
