//! Runs criterion groups, each on a storage of one kind; as a test each benchmark once, on little data.

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use tokio::runtime::Runtime;

use crate::answer::Answer;
use crate::backend::{Backend, DurableServer};

/// On what to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// In memory.
    Memory,
    /// On PostgreSQL: a durable server of its own, or, as a test, whichever there is.
    Postgres,
}

/// How much to store first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// What the figures are about.
    Full,
    /// Enough to see that everything is right.
    Smoke,
}

impl Scale {
    /// The number for this scale.
    #[must_use]
    pub fn pick<T>(self, full: T, smoke: T) -> T {
        match self {
            Self::Full => full,
            Self::Smoke => smoke,
        }
    }
}

/// A criterion group: its name, whether it stores anything, and what it does.
pub struct Group {
    /// The context and what is measured, as in `chat/list_messages`.
    pub name: &'static str,
    /// Whether it differs by storage.
    pub is_stored: bool,
    /// Runs it.
    pub run: fn(&mut Bench<'_>),
}

/// What a group runs in.
pub struct Bench<'a> {
    /// Measures.
    pub criterion: &'a mut Criterion,
    /// Runs what is asynchronous; servers too.
    pub runtime: &'a Runtime,
    /// How much to store first.
    pub scale: Scale,
    name: String,
    storage: Storage,
    server: &'a mut Option<DurableServer>,
}

impl Bench<'_> {
    /// An empty storage.
    ///
    /// # Panics
    /// If PostgreSQL cannot be had.
    pub fn backend(&mut self) -> Backend {
        match (self.storage, self.scale) {
            (Storage::Memory, _) => Backend::memory(),
            (Storage::Postgres, Scale::Smoke) => {
                self.runtime.block_on(Backend::careless_postgres()).expect("it was there a moment ago")
            }
            (Storage::Postgres, Scale::Full) => self.runtime.block_on(async {
                if self.server.is_none() {
                    *self.server = Some(DurableServer::start().await);
                }
                self.server.as_mut().expect("a server").backend().await
            }),
        }
    }

    /// The group in criterion, of the name that was asked for.
    pub fn group(&mut self) -> (BenchmarkGroup<'_, WallTime>, Reader<'_>) {
        (self.criterion.benchmark_group(&self.name), Reader { runtime: self.runtime })
    }
}

/// Measures calls that read.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Runs what is asynchronous.
    pub runtime: &'a Runtime,
}

impl Reader<'_> {
    /// Measures a call whose answer has to hold `expected`, which is asserted first.
    ///
    /// # Panics
    /// If the answer holds anything else.
    pub fn measure<T, F, Fut>(
        self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        id: &str,
        expected: &[String],
        call: F,
    ) where
        T: Answer,
        F: Fn() -> Fut,
        Fut: Future<Output = T>,
    {
        let answer = self.runtime.block_on(call());
        assert_eq!(answer.keys(), expected, "{id} answers something else");
        group.bench_function(id, |bencher| bencher.to_async(self.runtime).iter(&call));
    }
}

/// Runs the groups that the command line asks for, on this kind of storage.
///
/// Takes criterion's options. `--list` names groups, not single benchmarks: as a test, a group is one.
///
/// # Panics
/// If a benchmark does not do what it measures.
pub fn run(groups: &[Group], storage: Storage) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let suffix = match storage {
        Storage::Memory => "memory",
        Storage::Postgres => "postgres",
    };
    let full_name = |group: &Group| {
        if group.is_stored { format!("{}/{suffix}", group.name) } else { group.name.to_owned() }
    };
    let offered = groups.iter().filter(|group| group.is_stored || storage == Storage::Memory);
    let offered: Vec<(String, &Group)> = offered.map(|group| (full_name(group), group)).collect();
    if has("--list") {
        for (name, _) in offered.iter().filter(|_| !has("--ignored")) {
            println!("{name}: test");
        }
        return;
    }
    let scale = if has("--bench") && !has("--test") { Scale::Full } else { Scale::Smoke };
    let runtime = Runtime::new().expect("a runtime");
    if storage == Storage::Postgres
        && scale == Scale::Smoke
        && runtime.block_on(Backend::careless_postgres()).is_none()
    {
        println!("left out: there is no PostgreSQL");
        return;
    }
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .configure_from_args();
    let asked = |name: &str| {
        arguments.iter().any(|argument| name.contains(argument.as_str()) || argument.starts_with(name))
    };
    let some = offered.iter().any(|(name, _)| asked(name));
    let mut server = None;
    for (name, group) in &offered {
        if some && !asked(name) {
            continue;
        }
        if has("--exact") {
            criterion = criterion.with_filter(format!("^{name}/"));
        }
        let mut bench = Bench {
            criterion: &mut criterion,
            runtime: &runtime,
            scale,
            name: name.clone(),
            storage,
            server: &mut server,
        };
        (group.run)(&mut bench);
    }
    criterion.final_summary();
    // The server's process outlives no connection to it.
    runtime.shutdown_timeout(Duration::from_secs(1));
}
