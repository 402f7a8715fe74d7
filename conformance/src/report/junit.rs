//! `JUnit` XML, for machines that collect test results.

use std::fmt::Write as _;

use super::{Report, ScenarioReport};
use crate::runner::Verdict;

/// The report as `JUnit` XML: a suite per door.
#[must_use]
pub fn junit(report: &Report) -> String {
    let counts = report.counts();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"duologue-conformance\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\">\n",
        report.scenarios.len(),
        counts.failed - counts.broken,
        counts.broken,
        counts.skipped,
        report.seconds
    );
    for door in report.target.keys() {
        let of_door: Vec<_> = report.scenarios.iter().filter(|scenario| scenario.door == *door).collect();
        let count = |verdict| of_door.iter().filter(|scenario| scenario.verdict == verdict).count();
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{door}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
            of_door.len(),
            count(Verdict::Fail),
            count(Verdict::Broken),
            count(Verdict::Skip)
        );
        for scenario in of_door {
            case(&mut xml, scenario, report.seed);
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn case(xml: &mut String, scenario: &ScenarioReport, seed: u64) {
    let family = scenario.id.split('.').next().unwrap_or_default();
    let _ = write!(
        xml,
        "    <testcase classname=\"{}.{}\" name=\"{}\" time=\"{:.3}\"",
        scenario.door,
        escaped(family),
        escaped(&scenario.id),
        scenario.seconds
    );
    let reason = escaped(&scenario.reason);
    let body = match (scenario.verdict, scenario.known_failing) {
        (Verdict::Pass, false) => None,
        (Verdict::Fail, true) => Some(format!("<skipped message=\"known to fail: {reason}\"/>")),
        (Verdict::Pass, true) => {
            Some("<failure message=\"known to fail, and passed: strike it off the list\"/>".to_owned())
        }
        (Verdict::Skip, _) => Some(format!("<skipped message=\"{reason}\"/>")),
        (Verdict::Fail, false) => {
            let text =
                escaped(&format!("{}\n{}\nseed {seed}", scenario.sentence, scenario.violations.join("\n")));
            Some(format!("<failure message=\"{reason}\">{text}</failure>"))
        }
        (Verdict::Broken, _) => Some(format!("<error message=\"{reason}\">seed {seed}</error>")),
    };
    match body {
        None => xml.push_str("/>\n"),
        Some(body) => {
            let _ = writeln!(xml, ">{body}</testcase>");
        }
    }
}

/// Text that XML and HTML take as text; control characters, which XML cannot hold, become `?`.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(letter),
            letter if letter.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&letter) => escaped.push('?'),
            letter => escaped.push(letter),
        }
    }
    escaped
}
