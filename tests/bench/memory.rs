//! Memory of processes, as Linux counts it.

use std::fs;

/// What is resident now, in MiB.
pub fn resident_mib(process: u32) -> f64 {
    field_mib(process, "VmRSS:")
}

/// The most that was resident at once, in MiB.
pub fn peak_mib(process: u32) -> f64 {
    field_mib(process, "VmHWM:")
}

/// Lets the peak begin anew, at what is resident now.
pub fn forget_peak(process: u32) {
    // See proc_pid_clear_refs(5).
    fs::write(format!("/proc/{process}/clear_refs"), "5").expect("the peak is forgotten");
}

/// A figure of `/proc/…/status`.
fn field_mib(process: u32, field: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}
