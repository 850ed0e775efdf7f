//! What is agreed: its form, its hash, its faults and its credits.

use super::policy;
use crate::{
    sla::{CreditTier, SlaPolicy, SlaWindow, UnknownRule},
    uptime::Share,
};

#[test]
fn a_credit_is_due_below_its_bound_and_not_at_it() {
    let policy = policy(&[1]);
    let credit = |part| policy.credit_percent(Share::new(part, 1_000_000_000).unwrap());
    assert_eq!(credit(900_000_000), 0);
    assert_eq!(credit(899_999_999), 10);
    assert_eq!(credit(500_000_000), 10);
    assert_eq!(credit(499_999_999), 25);
}

#[test]
fn the_hash_is_that_of_the_canonical_form_and_follows_every_change() {
    let policy = policy(&[2, 1]).in_order();
    let text = crate::canonical::canonical_json(&policy).unwrap();
    let expected = "{\"credits\":[{\"below_ppm\":900000,\"percent\":10},{\"below_ppm\":500000,\"percent\":25}],\
        \"degraded\":\"available\",\"maintenance\":\"excluded\",\"monitors\":[1,2],\"objective_ppm\":900000,\
        \"quorum\":null,\"rule\":\"all\",\"unknown\":\"excluded\",\"window\":\"calendar_month\",\"zone\":\"UTC\"}";
    assert_eq!(text, expected);
    let read: SlaPolicy = serde_json::from_str(&text).unwrap();
    assert_eq!((&read, read.hash()), (&policy, policy.hash()));
    let other = SlaPolicy {
        unknown: UnknownRule::Unavailable,
        ..policy.clone()
    };
    assert_ne!(other.hash(), policy.hash());
    assert!(policy.faults().is_empty());
}

#[test]
fn all_that_is_wrong_with_a_policy_is_told() {
    let mut wrong = policy(&[3, 3]);
    wrong.zone = "Berlin".to_owned();
    wrong.window = SlaWindow::RollingDays(0);
    wrong.credits.push(CreditTier {
        below_ppm: 900_000,
        percent: 0,
    });
    wrong.credits.push(CreditTier {
        below_ppm: 1_000_001,
        percent: 101,
    });
    let pointers: Vec<_> = wrong.faults().into_iter().map(|fault| fault.pointer).collect();
    assert_eq!(
        pointers,
        [
            "/monitors/1",
            "/window",
            "/zone",
            "/credits/2/percent",
            "/credits/2/below_ppm",
            "/credits/3/below_ppm",
            "/credits/3/percent"
        ]
    );
    assert_eq!(policy(&[]).faults().len(), 1);
}
