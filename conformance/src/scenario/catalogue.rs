//! The list of what has to hold, kept apart from the code so that nobody deletes a scenario unseen.

use super::Level;

/// A row of `catalogue.tsv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueRow {
    /// Id of the scenario.
    pub id: &'static str,
    /// How much a deployment owes it.
    pub level: Level,
    /// The cells that it asserts, as `Service.Rpc:CODE`.
    pub covers: Vec<&'static str>,
    /// What happens in it.
    pub text: &'static str,
}

/// The rows of the catalogue.
#[must_use]
pub fn catalogue() -> Vec<CatalogueRow> {
    let rows = include_str!("../../catalogue.tsv").lines();
    rows.filter(|line| !line.starts_with('#') && !line.is_empty()).filter_map(row).collect()
}

fn row(line: &'static str) -> Option<CatalogueRow> {
    let mut columns = line.split('\t');
    let id = columns.next()?;
    let level = if columns.next()? == "M" { Level::Must } else { Level::Should };
    let covers = columns.next()?.split(',').filter(|cell| !cell.is_empty()).collect();
    Some(CatalogueRow { id, level, covers, text: columns.next()? })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::scenario::all;

    /// Families that are in the catalogue and not yet in the code: empty when all is done.
    const UNWRITTEN: &[&str] = &[];

    #[test]
    fn the_registry_is_the_catalogue() {
        let is_due = |id: &str| !UNWRITTEN.contains(&id.split('.').next().unwrap_or_default());
        let expected: BTreeMap<_, _> = catalogue()
            .into_iter()
            .filter(|row| is_due(row.id))
            .map(|row| {
                let covers: BTreeSet<_> = row.covers.iter().map(ToString::to_string).collect();
                (row.id, (format!("{:?}", row.level), covers))
            })
            .collect();
        let written: BTreeMap<_, _> = all()
            .into_iter()
            .map(|scenario| {
                let covers: BTreeSet<_> = scenario.covers.iter().map(ToString::to_string).collect();
                (scenario.id, (format!("{:?}", scenario.level), covers))
            })
            .collect();
        for (id, row) in &expected {
            assert_eq!(written.get(id), Some(row), "{id}");
        }
        for id in written.keys() {
            assert!(expected.contains_key(id), "{id} is not in the catalogue");
        }
        assert_eq!(all().len(), written.len(), "an id is used twice");
    }

    #[test]
    fn every_sentence_says_what_must_or_should_hold() {
        for scenario in all() {
            let word = if scenario.level == Level::Must { "MUST" } else { "SHOULD" };
            assert!(scenario.sentence.contains(word), "{}: no {word}", scenario.id);
        }
    }
}
