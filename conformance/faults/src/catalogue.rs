//! The list of what is planted, kept apart from the code so that nobody deletes a fault unseen.

use duologue_conformance::door::Door;

/// Scenarios that stay green under a fault, unless the catalogue says that it breaks them.
pub const CANARIES: [&str; 4] =
    ["auth.register_login", "user.create_and_get", "social.request_and_list", "chat.history_round_trip"];

/// A scenario that a fault is caught by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: &'static str,
    /// The door through which it has to catch it; either, if none is named.
    pub door: Option<Door>,
}

/// A row of `catalogue.tsv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Names the fault.
    pub id: &'static str,
    /// Where a real server would have it.
    pub layer: &'static str,
    /// The scenarios that must end in a violation, each through at least one door, or through the door it is named with.
    pub caught_by: Vec<Named>,
    /// The canaries that it breaks as well.
    pub breaks: Vec<&'static str>,
    /// What is wrong.
    pub text: &'static str,
}

impl Row {
    /// The canaries that must stay green.
    #[must_use]
    pub fn canaries(&self) -> Vec<&'static str> {
        let is_named = |canary: &&str| self.caught_by.iter().any(|named| named.id == *canary);
        let breaks = |canary: &&str| self.breaks.contains(canary) || self.breaks.contains(&"*");
        CANARIES.into_iter().filter(|canary| !is_named(canary) && !breaks(canary)).collect()
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
    let (caught_by, breaks): (Vec<_>, _) = (list()?, list()?);
    let caught_by = caught_by.into_iter().map(named).collect();
    Some(Row { id, layer, caught_by, breaks, text: columns.next()? })
}

fn named(text: &'static str) -> Named {
    let (id, door) = text.split_once('@').unwrap_or((text, ""));
    Named { id, door: Door::ALL.into_iter().find(|known| known.name() == door) }
}
