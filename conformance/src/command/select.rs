//! Which scenarios run, through which doors.

use duologue_conformance::door::Door;
use duologue_conformance::runner::Job;
use duologue_conformance::scenario::{Level, all};

use super::settings::SelectionSettings;
use super::{Early, Exit};

/// The scenarios that the selection means, through each of the doors.
pub(super) fn jobs(selection: &SelectionSettings, doors: &[Door]) -> Result<Vec<Job>, Early> {
    let every: Vec<Job> =
        all().into_iter().flat_map(|scenario| doors.iter().map(move |door| (scenario, *door))).collect();
    for pattern in selection.only.iter().chain(&selection.skip) {
        if !every.iter().any(|job| is_meant(pattern, job)) {
            return Err((Exit::Usage, format!("{pattern:?} matches no scenario; `list` shows them all")));
        }
    }
    let is_selected = |job: &Job| {
        (selection.only.is_empty() || selection.only.iter().any(|pattern| is_meant(pattern, job)))
            && !selection.skip.iter().any(|pattern| is_meant(pattern, job))
            && (!selection.must.unwrap_or_default() || job.0.level == Level::Must)
    };
    let selected: Vec<Job> = every.into_iter().filter(is_selected).collect();
    if selected.is_empty() {
        return Err((Exit::Usage, "nothing is selected".to_owned()));
    }
    Ok(selected)
}

/// Whether a pattern means a scenario through a door.
pub(super) fn is_meant(pattern: &str, (scenario, door): &Job) -> bool {
    let (id, of_door) = pattern.split_once('@').unwrap_or((pattern, "*"));
    matches(of_door, door.name()) && (matches(id, scenario.id) || id == scenario.family())
}

/// Whether a text matches a pattern, in which `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    loop {
        if matches(rest, text) {
            return true;
        }
        let mut letters = text.chars();
        if letters.next().is_none() {
            return false;
        }
        text = letters.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(only: &[&str], skip: &[&str]) -> SelectionSettings {
        let texts = |patterns: &[&str]| patterns.iter().map(ToString::to_string).collect();
        SelectionSettings { only: texts(only), skip: texts(skip), must: None }
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "abd", false),
            ("*", "", true),
            ("a*b*c", "axbyc", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_family_an_id_and_a_door_select() {
        let count =
            |only: &[&str], skip: &[&str]| jobs(&selection(only, skip), &Door::ALL).map(|jobs| jobs.len());
        assert_eq!(count(&["auth.register_login"], &[]), Ok(2));
        assert_eq!(count(&["auth.register_login@rest"], &[]), Ok(1));
        assert!(count(&["auth"], &["auth.register_*"]).expect("some") > 20);
    }

    #[test]
    fn what_matches_nothing_and_what_leaves_nothing_are_errors() {
        let error = |only: &[&str], skip: &[&str]| {
            jobs(&selection(only, skip), &Door::ALL).err().map(|early| early.0)
        };
        assert_eq!(error(&["auth.no_such"], &[]), Some(Exit::Usage));
        assert_eq!(error(&[], &["nothing"]), Some(Exit::Usage));
        assert_eq!(error(&["auth"], &["auth"]), Some(Exit::Usage));
    }
}
