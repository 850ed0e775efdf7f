//! Processor time of processes, as Linux counts it.

use std::{fs, time::Duration};

/// Linux counts in hundredths of a second for everybody who reads `/proc`.
const TICK: Duration = Duration::from_millis(10);

/// Processor time of this process's children that have ended.
pub fn of_ended_children() -> Duration {
    // Fields 16 and 17 of proc(5).
    ticks("self", &[16, 17])
}

/// Processor time of a process and all its descendants that are running.
pub fn of_tree(root: u32) -> Duration {
    let mut sum = Duration::ZERO;
    let mut tree = vec![root];
    let parents = parents();
    while let Some(process) = tree.pop() {
        sum += ticks(&process.to_string(), &[14, 15]);
        tree.extend(
            parents
                .iter()
                .filter(|(_, parent)| *parent == process)
                .map(|(child, _)| child),
        );
    }
    sum
}

/// The fields of a process's line after its name, which may hold anything; counted as in proc(5), from 3 on.
fn fields(process: &str) -> Vec<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_ascii_whitespace()
        .map(|field| field.parse().unwrap_or(0))
        .collect()
}

fn ticks(process: &str, numbers: &[usize]) -> Duration {
    let fields = fields(process);
    let ticks: u64 = numbers.iter().filter_map(|number| fields.get(number - 3)).sum();
    TICK * u32::try_from(ticks).unwrap_or(u32::MAX)
}

/// All processes with their parents.
fn parents() -> Vec<(u32, u32)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|process: u32| {
            let parent = *fields(&process.to_string()).get(1)?;
            Some((process, u32::try_from(parent).ok()?))
        })
        .collect()
}
