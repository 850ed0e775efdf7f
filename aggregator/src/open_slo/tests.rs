use super::*;
use edgewatch_domain::{
    group::GroupRule,
    quorum::Quorum,
    sla::{DegradedRule, MaintenanceRule, UnknownRule},
};

const DOCUMENT: &str = "
apiVersion: openslo/v1
kind: SLO
metadata:
  name: acme-shop
  displayName: Acme, shop
spec:
  description: Contract 2026/17
  service: shop
  indicator:
    metadata:
      name: shop-availability
    spec:
      ratioMetric:
        rawType: success
        raw:
          metricSource:
            type: Edgewatch
            spec:
              monitors: [shop, pay]
              rule: all
              unknown: unavailable
              quorum: any
              credits:
                - belowPercent: 99.9
                  creditPercent: 10
                - belowPercent: 99
                  creditPercent: 25
  timeWindow:
    - duration: 1M
      isRolling: false
      calendar:
        startTime: 2026-01-01 00:00:00
        timeZone: Europe/Berlin
  budgetingMethod: Timeslices
  objectives:
    - target: 0.9995
      timeSliceTarget: 1.0
      timeSliceWindow: 1m
";

fn monitors() -> Vec<(i32, String)> {
    vec![(7, "pay".to_owned()), (3, "shop".to_owned())]
}

fn faults(text: &str) -> Vec<(String, String)> {
    let faults = read(text, &monitors()).unwrap_err();
    faults
        .into_iter()
        .map(|fault| (fault.pointer, fault.detail))
        .collect()
}

#[test]
fn a_document_says_what_was_agreed() {
    let settings = read(DOCUMENT, &monitors()).unwrap();
    assert_eq!(
        (settings.name.as_str(), settings.description.as_str()),
        ("Acme, shop", "Contract 2026/17")
    );
    let expected = SlaPolicy {
        monitors: vec![3, 7],
        rule: GroupRule::All,
        objective_ppm: Objective::from_parts_per_million(999_500).unwrap(),
        window: SlaWindow::CalendarMonth,
        zone: "Europe/Berlin".to_owned(),
        maintenance: MaintenanceRule::Excluded,
        unknown: UnknownRule::Unavailable,
        degraded: DegradedRule::Available,
        quorum: Some(Quorum::Any),
        credits: vec![
            CreditTier {
                below_ppm: 999_000,
                percent: 10,
            },
            CreditTier {
                below_ppm: 990_000,
                percent: 25,
            },
        ],
    };
    assert_eq!(settings.policy, expected);
}

#[test]
fn what_is_written_reads_back_the_same() {
    let settings = read(DOCUMENT, &monitors()).unwrap();
    let windows = [
        SlaWindow::CalendarMonth,
        SlaWindow::CalendarQuarter,
        SlaWindow::CalendarYear,
        SlaWindow::RollingDays(30),
    ];
    for window in windows {
        let mut policy = SlaPolicy {
            window,
            ..settings.policy.clone()
        };
        if let SlaWindow::RollingDays(_) = window {
            policy.zone = "Asia/Tokyo".to_owned();
            (policy.quorum, policy.credits) = (None, Vec::new());
        }
        let name = "Größe: \"a\" #1";
        let text = write(
            name,
            "two\nlines: - # '",
            (2, &policy.hash()),
            &policy,
            &monitors(),
        );
        let again = read(&text, &monitors()).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
        assert_eq!(
            (again.name.as_str(), again.description.as_str()),
            (name, "two\nlines: - # '")
        );
        assert_eq!(
            (&again.policy, again.policy.hash()),
            (&policy, policy.hash()),
            "{text}"
        );
        assert!(text.contains("name: \"gr-e-a-1\""), "{text}");
    }
}

#[test]
fn all_that_is_wrong_is_told_with_its_place() {
    let wrong = DOCUMENT
        .replace("[shop, pay]", "[shop, mail]")
        .replace("duration: 1M", "duration: 5M")
        .replace("target: 0.9995", "target: 0.99950001")
        .replace("Timeslices", "Occurrences");
    let pointers: Vec<_> = faults(&wrong).into_iter().map(|fault| fault.0).collect();
    assert_eq!(
        pointers,
        [
            "/spec/budgetingMethod",
            "/spec/objectives/0/target",
            "/spec/timeWindow/0/duration",
            "/spec/indicator/spec/ratioMetric/raw/metricSource/spec/monitors/1"
        ]
    );
    for (from, to, pointer) in [
        ("openslo/v1", "openslo/v1alpha", "/apiVersion"),
        ("kind: SLO", "kind: Service", "/kind"),
        (
            "rule: all",
            "rule: most",
            "/spec/indicator/spec/ratioMetric/raw/metricSource/spec/rule",
        ),
        ("      name: shop-availability", "      - [", ""),
        (
            "type: Edgewatch",
            "type: Prometheus",
            "/spec/indicator/spec/ratioMetric/raw/metricSource/type",
        ),
        (
            "isRolling: false",
            "isRolling: true",
            "/spec/timeWindow/0/duration",
        ),
        ("target: 0.9995", "target: 1", "/spec/objectives/0/target"),
        (
            "description: Contract",
            "descriptions: Contract",
            "/spec/descriptions",
        ),
    ] {
        let faults = faults(&DOCUMENT.replace(from, to));
        assert_eq!(faults[0].0, pointer, "{to}: {faults:?}");
    }
}
