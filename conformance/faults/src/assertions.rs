//! Which assertion of which scenario a planted fault needs: without it the fault would go unnoticed.
//!
//! `assertions.tsv` is the list: a scenario, the line of the suite that asserts something in it, and what shows that the
//! line is needed. A line that is deleted, and a new one that is not on the list, end a test; so does a line on which a
//! fault no longer depends. The campaign that finds out silences one assertion at a time and plants the faults again
//! under which it failed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use duologue_conformance::report::ScenarioReport;
use duologue_conformance::runner::Verdict;
use duologue_conformance::world::Place;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::catalogue::{Named, Row, catalogue};
use crate::plants::{self, Harmless, Plant};
use crate::trial;

/// What shows that an assertion is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// This fault would go unnoticed without it.
    Fault(String),
    /// The scenario claims a cell that nothing else asserts.
    Claim,
    /// It fails under this fault, and so do others.
    Beside(String),
    /// It has never been seen to fail.
    Nothing,
}

impl fmt::Display for Need {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(id) => formatter.write_str(id),
            Self::Claim => formatter.write_str("claim"),
            Self::Beside(id) => write!(formatter, "~{id}"),
            Self::Nothing => formatter.write_str("-"),
        }
    }
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The scenario.
    pub scenario: String,
    /// File and text of the line.
    pub line: String,
    /// What shows that it is needed.
    pub need: Need,
}

/// The list as it is written down.
#[must_use]
pub fn listed() -> Vec<Listed> {
    let rows = include_str!("../assertions.tsv").lines();
    rows.filter(|line| !line.starts_with('#') && !line.is_empty()).filter_map(row).collect()
}

fn row(line: &str) -> Option<Listed> {
    let mut columns = line.split('\t');
    let (scenario, line, need) = (columns.next()?, columns.next()?, columns.next()?);
    let need = match (need, need.strip_prefix('~')) {
        ("-", _) => Need::Nothing,
        ("claim", _) => Need::Claim,
        (_, Some(fault)) => Need::Beside(fault.to_owned()),
        (fault, None) => Need::Fault(fault.to_owned()),
    };
    Some(Listed { scenario: scenario.to_owned(), line: line.to_owned(), need })
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The sources of the suite, read once.
#[derive(Debug, Default)]
pub struct Sources {
    files: BTreeMap<&'static str, Vec<String>>,
}

impl Sources {
    /// File and text of the line at a place: what stays when lines above it come and go. Of equal lines in a file each
    /// but the first has its number.
    pub fn line(&mut self, place: Place) -> anyhow::Result<String> {
        if !self.files.contains_key(place.file) {
            let path = root().join(place.file);
            let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            self.files.insert(place.file, text.lines().map(|line| line.trim().to_owned()).collect());
        }
        let lines = self.files.get(place.file).map_or(&[][..], Vec::as_slice);
        let at = usize::try_from(place.line)?.saturating_sub(1);
        let text = lines.get(at).context("the sources are not those of this program")?;
        let number = lines[..=at].iter().filter(|line| *line == text).count();
        let file = place.file.trim_start_matches("conformance/src/");
        Ok(if number == 1 { format!("{file}: {text}") } else { format!("{file} ({number}): {text}") })
    }
}

/// What is asserted and not on the list.
pub fn unlisted(places: &BTreeSet<(String, Place)>) -> anyhow::Result<Vec<String>> {
    let known: BTreeSet<_> = listed().into_iter().map(|row| (row.scenario, row.line)).collect();
    let mut sources = Sources::default();
    let mut unlisted = Vec::new();
    for (scenario, place) in places {
        let line = sources.line(*place)?;
        if !known.contains(&(scenario.clone(), line.clone())) {
            unlisted.push(format!("{scenario}\t{line}"));
        }
    }
    Ok(unlisted)
}

/// What is on the list and no longer in the sources.
pub fn deleted() -> anyhow::Result<Vec<String>> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut deleted = Vec::new();
    for Listed { scenario, line, .. } in listed() {
        let (file, text) = line.split_once(": ").context("a row without a file")?;
        let (file, number) = file.split_once(" (").unwrap_or((file, "1)"));
        let number: usize = number.trim_end_matches(')').parse()?;
        let path = root().join("conformance/src").join(file);
        if !files.contains_key(file) {
            files.insert(file.to_owned(), std::fs::read_to_string(path).unwrap_or_default());
        }
        let count = files[file].lines().filter(|line| line.trim() == text).count();
        if count < number {
            deleted.push(format!("{scenario}\t{line}"));
        }
    }
    Ok(deleted)
}

/// A fault as it was met by one scenario.
struct Meeting {
    row: Arc<Row>,
    plant: Arc<Plant>,
    variant: usize,
    reports: Vec<ScenarioReport>,
}

impl Meeting {
    fn named(&self, scenario: &str) -> Vec<Named> {
        self.row.caught_by.iter().filter(|named| named.id == scenario).copied().collect()
    }

    /// Whether the scenario notices the fault when it asserts nothing at this place.
    async fn is_caught_without(&self, scenario: &str, place: Place) -> anyhow::Result<bool> {
        let composition = self.plant.variants[self.variant].plant(trial::sound()?);
        let reports = trial::run_without(composition, &[scenario], Some(place)).await?;
        Ok(trial::catch(&self.named(scenario), &reports))
    }
}

/// Faults planted at once.
const AT_ONCE: usize = 2;

/// Finds out of every assertion what needs it; of these scenarios alone, if any are named.
pub async fn campaign(scenarios: &[String]) -> anyhow::Result<Vec<Listed>> {
    let is_meant = |id: &str| scenarios.is_empty() || scenarios.iter().any(|named| named == id);
    let mut places = trial::without_fault().await?.places;
    let meetings = meetings(&is_meant).await?;
    for report in meetings.iter().flat_map(|meeting| &meeting.reports) {
        places.extend(report.places.keys().map(|place| (report.id.clone(), *place)));
    }
    places.retain(|(scenario, _)| is_meant(scenario));
    eprintln!("{} assertions, {} faults", places.len(), meetings.len());
    let meetings = &meetings;
    let needs: Vec<_> = stream::iter(places)
        .map(|(scenario, place)| async move {
            let need = need(meetings, &scenario, place).await?;
            eprintln!("{scenario} {}:{} {need}", place.file, place.line);
            anyhow::Ok((scenario, place, need))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut sources = Sources::default();
    let mut listed = Vec::new();
    for (scenario, place, need) in needs {
        listed.push(Listed { line: sources.line(place)?, scenario, need });
    }
    Ok(listed)
}

async fn meetings(is_meant: &impl Fn(&str) -> bool) -> anyhow::Result<Vec<Meeting>> {
    let mut planned = Vec::new();
    for row in catalogue() {
        let plant = Arc::new(plants::find(row.id).context("it is not planted")?);
        let row = Arc::new(row);
        for variant in 0..plant.variants.len() {
            planned.push((Arc::clone(&row), Arc::clone(&plant), variant));
        }
    }
    let meet = |(row, plant, variant): (Arc<Row>, Arc<Plant>, usize)| async move {
        let ids: BTreeSet<_> = row.caught_by.iter().map(|named| named.id).filter(|id| is_meant(id)).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let reports = if ids.is_empty() {
            Vec::new()
        } else {
            trial::run(plant.variants[variant].plant(trial::sound()?), &ids).await?
        };
        anyhow::Ok(Meeting { row, plant, variant, reports })
    };
    stream::iter(planned).map(meet).buffered(AT_ONCE).try_collect().await
}

async fn need(meetings: &[Meeting], scenario: &str, place: Place) -> anyhow::Result<Need> {
    let mut beside = None;
    for meeting in meetings {
        let failed =
            |report: &ScenarioReport| report.id == scenario && report.places.get(&place) == Some(&false);
        if meeting.reports.iter().any(failed) {
            if !meeting.is_caught_without(scenario, place).await? {
                return Ok(Need::Fault(meeting.row.id.to_owned()));
            }
            beside.get_or_insert_with(|| meeting.row.id.to_owned());
        }
    }
    if is_claimed(scenario, place).await? {
        return Ok(Need::Claim);
    }
    Ok(beside.map_or(Need::Nothing, Need::Beside))
}

/// Whether the scenario has no verdict without it, where without any fault it passes.
async fn is_claimed(scenario: &str, place: Place) -> anyhow::Result<bool> {
    for Harmless { variant, only } in plants::harmless() {
        let is_plain = only.is_empty() && variant.name.contains("product");
        if is_plain || only.iter().any(|start| scenario.starts_with(start)) {
            let reports =
                trial::run_without(variant.plant(trial::sound()?), &[scenario], Some(place)).await?;
            if reports.iter().any(|report| report.verdict == Verdict::Broken) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Where the scenario of a row asserts something under the fault of that row.
pub async fn places_of(row: &Listed) -> anyhow::Result<BTreeSet<(String, Place)>> {
    let Need::Fault(id) = &row.need else { return Ok(BTreeSet::new()) };
    let plant = plants::find(id).context("it is not planted")?;
    let mut places = BTreeSet::new();
    for variant in &plant.variants {
        for report in trial::run(variant.plant(trial::sound()?), &[row.scenario.as_str()]).await? {
            places.extend(report.places.keys().map(|place| (report.id.clone(), *place)));
        }
    }
    Ok(places)
}

/// Whether a fault that the list names for an assertion still needs it; nothing to say of any other row.
pub async fn is_needed(row: &Listed, places: &BTreeSet<(String, Place)>) -> anyhow::Result<bool> {
    let Need::Fault(id) = &row.need else { return Ok(true) };
    let plant = Arc::new(plants::find(id).context("it is not planted")?);
    let fault = Arc::new(crate::catalogue::find(id).context("it is not in the catalogue")?);
    let mut sources = Sources::default();
    for (scenario, place) in places.iter().filter(|(scenario, _)| *scenario == row.scenario) {
        if sources.line(*place)? == row.line {
            for variant in 0..plant.variants.len() {
                let meeting =
                    Meeting { row: fault.clone(), plant: plant.clone(), variant, reports: Vec::new() };
                if !meeting.is_caught_without(scenario, *place).await? {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// Writes the list down; where some scenarios were meant, what is said of the others stays.
pub fn write(found: &[Listed], scenarios: &[String]) -> anyhow::Result<()> {
    let kept = listed();
    let is_kept = |row: &&Listed| !scenarios.is_empty() && !scenarios.contains(&row.scenario);
    let mut rows: Vec<_> = kept.iter().filter(is_kept).chain(found).collect();
    rows.sort_by(|one, other| (&one.scenario, &one.line).cmp(&(&other.scenario, &other.line)));
    let mut text = HEADER.to_owned();
    for Listed { scenario, line, need } in rows {
        let _ = writeln!(text, "{scenario}\t{line}\t{need}");
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assertions.tsv");
    Ok(std::fs::write(path, text)?)
}

const HEADER: &str = "\
# Every assertion of every scenario: the scenario, the line that asserts, and what shows that it is needed.
# A fault: it goes unnoticed without the line. claim: the scenario claims a cell that nothing else asserts.
# ~fault: the line fails under it, and so do others. -: nobody has seen it fail yet.
# Written by `cargo run -p duologue-conformance-faults -- assertions [SCENARIO…]`.
";
