//! Ready-made lines for a heartbeat's job, by where it runs. Pure.

/// Stands for the heartbeat's URL.
const URL: &str = "{URL}";
/// Stands for the five fields of a cron expression.
const CRON: &str = "{CRON}";
/// The expression where the monitor has none of its own.
const NIGHTLY: &str = "30 2 * * *";

/// What calls, and the lines for it.
pub const WAYS: [(&str, &str); 6] = [
    ("curl", "curl -fsS -m 10 --retry 3 -o /dev/null {URL}"),
    (
        "Any job",
        r#"#!/bin/sh
# heartbeat.sh JOB [ARGUMENT …]: runs a job and tells its start, its exit code and its last lines.
url='{URL}'
call() { curl -fsS -m 10 --retry 3 -o /dev/null "$@" || true; }

output=$(mktemp)
call "$url/start"
"$@" > "$output" 2>&1
code=$?
cat "$output"
tail -c 2000 "$output" | call --data-binary @- "$url/$code"
rm -f "$output"
exit "$code""#,
    ),
    (
        "Cron",
        r"# In a crontab: 10 s at most for each call, and the job runs whether it is heard or not.
{CRON}  curl -fsS -m 10 -o /dev/null {URL}/start; /usr/local/bin/job; curl -fsS -m 10 --retry 3 -o /dev/null {URL}/$?",
    ),
    (
        "systemd",
        r#"# In the job's unit, such as /etc/systemd/system/job.service
[Service]
Type=oneshot
ExecStartPre=-/usr/bin/curl -fsS -m 10 -o /dev/null {URL}/start
ExecStart=/usr/local/bin/job
ExecStopPost=-/bin/sh -c 'end=fail; [ "$$SERVICE_RESULT" = success ] && end=0; curl -fsS -m 10 --retry 3 -o /dev/null {URL}/$$end'"#,
    ),
    (
        "PowerShell",
        r#"$url = '{URL}'
try { Invoke-RestMethod "$url/start" -TimeoutSec 10 | Out-Null } catch { }
& 'C:\Jobs\job.exe'
$end = if ($LASTEXITCODE -eq 0) { '0' } else { 'fail' }
Invoke-RestMethod "$url/$end" -TimeoutSec 10 | Out-Null"#,
    ),
    (
        "GitHub Actions",
        r#"# The address is a secret of the repository: gh secret set HEARTBEAT_URL --body '{URL}'
env:
  HEARTBEAT_URL: ${{ secrets.HEARTBEAT_URL }}
steps:
  - run: curl -fsS -m 10 -o /dev/null "$HEARTBEAT_URL/start"
  - run: ./job.sh
  - if: always()
    run: curl -fsS -m 10 --retry 3 -o /dev/null "$HEARTBEAT_URL/${{ job.status == 'success' && '0' || 'fail' }}""#,
    ),
];

/// The lines of a way for this URL; `expression` is the monitor's own cron expression, if it has one.
pub fn lines(way: usize, url: &str, expression: Option<&str>) -> String {
    let (_, lines) = WAYS[way];
    lines
        .replace(URL, url)
        .replace(CRON, expression.unwrap_or(NIGHTLY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_hold_the_address_and_nothing_is_left_to_fill_in() {
        let url = "https://watch.example/api/v1/heartbeats/token";
        for (way, (name, _)) in WAYS.iter().enumerate() {
            let lines = lines(way, url, Some("*/5 * * * *"));
            assert!(lines.contains(url), "{name}");
            assert!(!lines.contains(URL) && !lines.contains(CRON), "{name}");
            assert_eq!(lines.contains("*/5 * * * *"), *name == "Cron");
        }
        assert!(lines(2, url, None).contains(NIGHTLY));
    }
}
