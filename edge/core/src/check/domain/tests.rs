use super::*;
use edgewatch_protocol::check::Check;

fn check(json: &str) -> DomainCheck {
    serde_json::from_str(json).unwrap()
}

fn registered(days: i64) -> DomainFacts {
    DomainFacts {
        expires_ms: Some(days * MS_PER_DAY + 1),
        registrar: Some("Example Registrar, Inc.".to_owned()),
        statuses: vec!["active".to_owned()],
        server: "https://rdap.example/".to_owned(),
    }
}

fn outcome(check: &DomainCheck, facts: &DomainFacts) -> Outcome {
    judge(check, facts, 0).outcome
}

#[test]
fn the_days_left_decide() {
    let reason = Reason::DomainExpiring;
    let plain = check(r#"{"domain":"example.org"}"#);
    assert_eq!(outcome(&plain, &registered(30)), Outcome::Up);
    assert_eq!(outcome(&plain, &registered(29)), Outcome::Degraded { reason });
    assert_eq!(outcome(&plain, &registered(7)), Outcome::Degraded { reason });
    assert_eq!(
        outcome(&plain, &registered(6)),
        Outcome::Down { reason, phase: None }
    );
    let message = judge(&plain, &registered(6), 0).message;
    assert_eq!(message.unwrap(), "the registration of example.org ends in 6 days");
}

#[test]
fn what_has_ended_is_not_registered() {
    let reason = Reason::DomainNotRegistered;
    let ended = Outcome::Down { reason, phase: None };
    let plain = check(r#"{"domain":"example.org"}"#);
    assert_eq!(outcome(&plain, &registered(-3)), ended);
    let mut leaving = registered(300);
    leaving.statuses.push("redemption period".to_owned());
    assert_eq!(outcome(&plain, &leaving), ended);
}

#[test]
fn a_registry_that_does_not_say_is_no_outage() {
    let plain = check(r#"{"domain":"example.org"}"#);
    let silent = DomainFacts {
        expires_ms: None,
        ..registered(0)
    };
    let reason = Reason::Unsupported;
    assert_eq!(outcome(&plain, &silent), Outcome::Unmeasured { reason });
}

#[test]
fn the_registrar_is_looked_for_by_a_part_of_its_name() {
    let asked = |part: &str| check(&format!(r#"{{"domain":"example.org","registrar":"{part}"}}"#));
    assert_eq!(outcome(&asked("example REGISTRAR"), &registered(90)), Outcome::Up);
    let judgement = judge(&asked("other"), &registered(90), 0);
    assert_eq!(judgement.outcome.reason(), Some(Reason::AssertionFailed));
    let texts: Vec<_> = judgement
        .failed_assertions
        .iter()
        .map(|failed| &*failed.text)
        .collect();
    assert_eq!(texts, ["registrar (Example Registrar, Inc.) contains other"]);
}

#[test]
fn each_fault_names_its_field() {
    for (settings, pointers) in [
        (r#""domain":"example.org""#, vec![]),
        (r#""domain":"Bücher.Example.""#, vec![]),
        (r#""domain":"org""#, vec!["/domain"]),
        (r#""domain":"https://example.org""#, vec!["/domain"]),
        (r#""domain":"192.0.2.1""#, vec!["/domain"]),
        (r#""domain":"a_b.example""#, vec!["/domain"]),
        (r#""domain":"a.example","degraded_days":5"#, vec!["/down_days"]),
        (r#""domain":"a.example","registrar":" ""#, vec!["/registrar"]),
        (
            r#""domain":"a.example","rdap_url":"rdap.example""#,
            vec!["/rdap_url"],
        ),
        (
            r#""domain":"a.example","rdap_url":"https://rdap.example/?a=b""#,
            vec!["/rdap_url"],
        ),
    ] {
        let check: Check = serde_json::from_str(&format!(r#"{{"type":"domain",{settings}}}"#)).unwrap();
        let found: Vec<_> = crate::check::validate(&check)
            .into_iter()
            .map(|fault| fault.pointer)
            .collect();
        assert_eq!(found, pointers, "{settings}");
        assert_eq!(crate::check::min_interval_s(&check), 3600);
    }
}
