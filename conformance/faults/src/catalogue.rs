//! The list of what is planted, kept apart from the code so that nobody deletes a fault unseen.

/// Scenarios that stay green under a fault, unless the catalogue says that it breaks them.
pub const CANARIES: [&str; 4] =
    ["auth.register_login", "user.create_and_get", "social.request_and_list", "chat.history_round_trip"];

/// Scenarios that no server here can show a fault to, and why.
pub const NOT_RUN: [(&str, &str); 2] = [
    (
        "durability.survives_restart",
        "the servers of this crate cannot be killed and started again by a command",
    ),
    (
        "durability.ambiguous_writes",
        "the servers of this crate cannot be killed and started again by a command",
    ),
];

/// A row of `catalogue.tsv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Names the fault.
    pub id: &'static str,
    /// Where a real server would have it.
    pub layer: &'static str,
    /// The scenarios that must end in a violation, each through at least one door.
    pub caught_by: Vec<&'static str>,
    /// The canaries that it breaks as well.
    pub breaks: Vec<&'static str>,
    /// What is wrong.
    pub text: &'static str,
}

impl Row {
    /// The named scenarios that can run here.
    #[must_use]
    pub fn runnable(&self) -> Vec<&'static str> {
        let runs = |id: &&str| NOT_RUN.iter().all(|(not_run, _)| not_run != id);
        self.caught_by.iter().copied().filter(runs).collect()
    }

    /// The canaries that must stay green.
    #[must_use]
    pub fn canaries(&self) -> Vec<&'static str> {
        let breaks = |canary: &&str| self.breaks.contains(canary) || self.breaks.contains(&"*");
        CANARIES.into_iter().filter(|canary| !self.caught_by.contains(canary) && !breaks(canary)).collect()
    }
}

/// The rows of the catalogue.
#[must_use]
pub fn catalogue() -> Vec<Row> {
    let lines = include_str!("../catalogue.tsv").lines();
    lines.filter(|line| !line.starts_with('#') && !line.is_empty()).filter_map(row).collect()
}

/// Finds a row by its fault.
#[must_use]
pub fn find(id: &str) -> Option<Row> {
    catalogue().into_iter().find(|row| row.id == id)
}

fn row(line: &'static str) -> Option<Row> {
    let mut columns = line.split('\t');
    let (id, layer) = (columns.next()?, columns.next()?);
    let mut list = || Some(columns.next()?.split(',').filter(|id| !id.is_empty() && *id != "-").collect());
    let (caught_by, breaks) = (list()?, list()?);
    Some(Row { id, layer, caught_by, breaks, text: columns.next()? })
}
