//! Schemas of the types that are written on the wire in a way of their own.

use crate::{
    assertion::StatusSet,
    phase::{NotMeasurable, PhaseTime},
    reason::Reason,
    version::Version,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, OneOfBuilder, Schema, Type},
    },
};

impl PartialSchema for StatusSet {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "A set of HTTP statuses: numbers and ranges from 100 to 599.",
            ))
            .examples(["200-299,304"])
            .into()
    }
}
impl ToSchema for StatusSet {}

impl PartialSchema for Version {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("`major.minor` of the probe protocol."))
            .pattern(Some("^[0-9]+\\.[0-9]+$"))
            .into()
    }
}
impl ToSchema for Version {}

impl PartialSchema for PhaseTime {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new()
            .description(Some(
                "Microseconds, or why the phase cannot be timed, or null where the check ended before it was completed.",
            ))
            .item(
                ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .minimum(Some(0))
                    .maximum(Some(u32::MAX)),
            )
            .item(NotMeasurable::schema())
            .item(ObjectBuilder::new().schema_type(Type::Null))
            .into()
    }
}
impl ToSchema for PhaseTime {}

impl PartialSchema for Reason {
    fn schema() -> RefOr<Schema> {
        let names = Self::ALL.iter().chain(&[Self::Other]);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Why an outcome is not up."))
            .enum_values(Some(names.map(|reason| reason.as_str())))
            .into()
    }
}
impl ToSchema for Reason {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn schema<T: ToSchema>() -> Value {
        serde_json::to_value(T::schema()).unwrap()
    }

    #[test]
    fn own_ways_on_the_wire_are_described_as_they_are() {
        assert_eq!(schema::<Version>()["type"], "string");
        assert_eq!(schema::<StatusSet>()["type"], "string");
        assert_eq!(schema::<crate::name::Region>()["type"], "string");
        assert_eq!(schema::<crate::name::MonitorId>()["type"], "integer");
        let time = schema::<PhaseTime>();
        assert_eq!(
            time["oneOf"]
                .as_array()
                .map(|kinds| kinds.iter().map(|kind| kind["type"].clone()).collect::<Vec<_>>()),
            Some(vec![json!("integer"), json!("string"), json!("null")])
        );
    }

    #[test]
    fn names_are_those_of_the_wire() {
        let reasons = schema::<Reason>()["enum"].clone();
        assert_eq!(reasons[0], json!("dns_not_found"));
        assert_eq!(reasons.as_array().map(Vec::len), Some(Reason::ALL.len() + 1));
        assert_eq!(
            schema::<crate::phase::Phase>()["enum"],
            json!(crate::phase::Phase::ALL.map(crate::phase::Phase::as_str))
        );
        let latency = &schema::<crate::assertion::Subject>()["oneOf"][4];
        assert_eq!(latency["properties"]["on"]["enum"], json!(["latency"]));
        assert_eq!(
            schema::<crate::problem::Problem>()["properties"]["type"]["type"],
            "string"
        );
    }
}
