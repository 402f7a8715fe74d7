//! Where the figures come from: the machine and the commit.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// Processor, processors, memory and system, as Linux tells them.
pub(crate) fn describe() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split(':').nth(1).unwrap_or("unknown").trim().to_owned()
    };
    let processor = field(&read("/proc/cpuinfo"), "model name");
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let gibibytes = memory.split(' ').next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) >> 20;
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{processors} × {processor}, {gibibytes} GiB, Linux {}", kernel.trim())
}

/// What the machine was busy with when the run began: runnable threads over the last minute.
pub(crate) fn busyness() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("unknown").to_owned()
}

/// The commit that is checked out, read as git keeps it.
pub(crate) fn commit() -> String {
    let git = root().join(".git");
    let read = |path: &str| fs::read_to_string(git.join(path)).ok();
    let head = read("HEAD").unwrap_or_default();
    let hash = match head.trim().strip_prefix("ref: ") {
        None => Some(head.trim().to_owned()),
        Some(name) => read(name).or_else(|| {
            let packed = read("packed-refs")?;
            let line = packed.lines().find(|line| line.ends_with(name))?;
            line.split(' ').next().map(ToOwned::to_owned)
        }),
    };
    hash.filter(|hash| hash.len() >= 12).map_or_else(|| "unknown".to_owned(), |hash| hash[..12].to_owned())
}
