//! The table: printed, written as JSON, and put into the documentation.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::row::Row;
use super::rows::Context;
use super::{machine, picture};

/// Between these the page holds what a run has measured.
const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

/// How the page shows the picture that lies beside it.
const PICTURE: &str = "![cost of a page against depth and against length](performance.svg)\n\n";

/// Where a run was made.
pub(crate) struct Origin {
    machine: String,
    busyness: String,
    commit: String,
    is_quick: bool,
}

impl Origin {
    /// Of a run that begins now.
    pub(crate) fn now(is_quick: bool) -> Self {
        Self {
            machine: machine::describe(),
            busyness: machine::busyness(),
            commit: machine::commit(),
            is_quick,
        }
    }
}

/// The table in Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let head =
        "| what | demanded | measured (quartiles) | reached | behind it |\n| --- | --- | --- | --- | --- |\n";
    rows.iter().fold(head.to_owned(), |table, row| table + &row.markdown() + "\n")
}

/// Writes `target/ratios/ratios.json` and `cost.svg`, and answers where.
pub(crate) fn write(rows: &[Row], context: &Context, origin: &Origin) -> std::io::Result<String> {
    let directory = machine::root().join("target/ratios");
    fs::create_dir_all(&directory)?;
    let json = json!({
        "machine": origin.machine,
        "busyness": origin.busyness,
        "commit": origin.commit,
        "quick": origin.is_quick,
        "rows": rows,
        "by_depth": context.by_depth,
        "by_length": context.by_length,
    });
    fs::write(directory.join("ratios.json"), format!("{json:#}\n"))?;
    if !context.by_depth.is_empty() {
        fs::write(directory.join("cost.svg"), picture::draw(&context.by_depth, &context.by_length))?;
    }
    Ok(directory.display().to_string())
}

/// Puts what was measured into the page, and the picture beside it.
pub(crate) fn publish(page: &Path, rows: &[Row], context: &Context, origin: &Origin) -> std::io::Result<()> {
    let text = fs::read_to_string(page)?;
    let (Some((before, _)), Some((_, after))) = (text.split_once(BEGIN), text.split_once(END)) else {
        return Err(std::io::Error::other(format!("{} has no place for what was measured", page.display())));
    };
    let Origin { machine, busyness, commit, is_quick } = origin;
    let care = if *is_quick { " A quick run: a first look, no more." } else { "" };
    let picture = if context.by_depth.is_empty() { "" } else { PICTURE };
    let measured = format!(
        "{BEGIN}\n{picture}Measured on {machine}, at commit `{commit}`; load of the machine when it began: {busyness}.{care}\n\n{}\n{END}",
        table(rows)
    );
    fs::write(page, format!("{before}{measured}{after}"))?;
    if !context.by_depth.is_empty() {
        fs::write(page.with_extension("svg"), picture::draw(&context.by_depth, &context.by_length))?;
    }
    Ok(())
}
