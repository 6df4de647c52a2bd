//! This process as the system sees it, under the names that all client libraries of Prometheus use.

use std::fs;

use super::Text;

/// `times` in `/proc` counts in hundredths of a second, on every Linux there is for programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// Puts what can be found out; a system without `/proc` says nothing.
pub(super) fn put(out: &mut Text) {
    if let Some(times) = Times::read() {
        out.single("process_cpu_seconds_total", "counter", "Processor time used.", times.cpu_s);
        out.single("process_start_time_seconds", "gauge", "When the process started.", times.start_s);
    }
    if let Some(bytes) = resident_bytes() {
        out.single("process_resident_memory_bytes", "gauge", "Memory in use.", bytes);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        out.single("process_open_fds", "gauge", "Open file descriptors.", open.count());
    }
    if let Some(most) = fds_max() {
        out.single("process_max_fds", "gauge", "How many file descriptors there may be.", most);
    }
}

struct Times {
    cpu_s: f64,
    /// Since 1970.
    start_s: f64,
}

impl Times {
    fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The name of the program, in parentheses, may hold spaces; fields are counted from behind it.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
        let system = fs::read_to_string("/proc/stat").ok()?;
        let booted: f64 = system.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        Some(Self {
            cpu_s: (ticks(14)? + ticks(15)?) / TICKS_PER_SECOND,
            start_s: booted + ticks(22)? / TICKS_PER_SECOND,
        })
    }
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

fn fds_max() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
