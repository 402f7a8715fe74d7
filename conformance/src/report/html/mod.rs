//! One page without assets from elsewhere and without a script, for people.

mod coverage;
mod failure;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use duologue_contract::Timestamp;

use super::junit::escaped;
use super::{Report, ScenarioReport};
use crate::runner::Verdict;

/// The report as one HTML page: summary, failures with their exchanges on a time line, coverage, everything else.
#[must_use]
pub fn html(report: &Report) -> String {
    let mut page = String::new();
    let title = title(report);
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>\n{}</style></head><body>\n",
        include_str!("style.css")
    );
    let _ = writeln!(page, "<h1>{title}</h1>");
    summary(&mut page, report);
    failure::failures(&mut page, report);
    coverage::table(&mut page, report);
    skipped(&mut page, report);
    families(&mut page, report);
    page.push_str("</body></html>\n");
    page
}

fn title(report: &Report) -> String {
    let violated = report.scenarios.iter().filter(|scenario| scenario.is_violated()).count();
    let counts = report.counts();
    match (violated, counts.broken, counts.passed) {
        (1, ..) => "One scenario says that the contract is not kept".to_owned(),
        (2.., ..) => format!("{violated} scenarios say that the contract is not kept"),
        (0, 1.., _) => format!("No verdict from {}", count(counts.broken, "scenario")),
        (0, 0, 0) => "Nothing was tried".to_owned(),
        (0, 0, _) => "The contract is kept".to_owned(),
    }
}

/// So many of something: `1 call`, `2 calls`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn summary(page: &mut String, report: &Report) {
    let of = |verdict, known| {
        let is_meant =
            |scenario: &&ScenarioReport| scenario.verdict == verdict && scenario.known_failing == known;
        report.scenarios.iter().filter(is_meant).count()
    };
    let boxes = [
        ("pass", "passed", of(Verdict::Pass, false)),
        ("fail", "failed", of(Verdict::Fail, false)),
        ("fail", "passed, and were known to fail", of(Verdict::Pass, true)),
        ("broken", "without a verdict", of(Verdict::Broken, false) + of(Verdict::Broken, true)),
        ("skip", "failed, as is known", of(Verdict::Fail, true)),
        ("skip", "skipped", of(Verdict::Skip, false) + of(Verdict::Skip, true)),
    ];
    let shown =
        boxes.into_iter().filter(|(_, what, number)| *number > 0 || matches!(*what, "passed" | "failed"));
    page.push_str("<ul class=counts>");
    for (class, what, number) in shown.clone() {
        let _ = write!(page, "<li class={class}><b>{number}</b>{what}</li>");
    }
    page.push_str("</ul><div class=bar>");
    for (class, _, number) in shown {
        let _ = write!(page, "<span class={class} style=\"flex:{number}\"></span>");
    }
    page.push_str("</div>\n<dl>");
    for (door, addresses) in &report.target {
        let _ = write!(page, "<dt>{door}</dt><dd><code>{}</code></dd>", escaped(&addresses.join(", ")));
    }
    let began = std::time::UNIX_EPOCH + std::time::Duration::from_secs(report.began_unix_seconds);
    let calls: u64 = report.scenarios.iter().map(|scenario| scenario.calls).sum();
    let assertions: u64 = report.scenarios.iter().map(|scenario| scenario.assertions).sum();
    let _ = write!(
        page,
        "<dt>began</dt><dd>{}</dd><dt>took</dt><dd>{:.1} s, {calls} calls, {assertions} assertions</dd><dt>seed</dt><dd><code>{}</code></dd><dt>suite</dt><dd>{}</dd><dt>how sharp</dt><dd>what ran catches {} of the {} faults that are planted to try it</dd>",
        Timestamp::from(began),
        report.seconds,
        report.seed,
        escaped(&report.suite_version),
        report.sharpness.caught,
        report.sharpness.planted
    );
    if !report.missing_services.is_empty() {
        let missing = escaped(&report.missing_services.join(", "));
        let _ = write!(page, "<dt>not there</dt><dd>{missing}</dd>");
    }
    page.push_str("</dl>\n");
}

/// Why what was skipped was skipped, each reason once.
fn skipped(page: &mut String, report: &Report) {
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for scenario in report.scenarios.iter().filter(|scenario| scenario.verdict == Verdict::Skip) {
        by_reason.entry(&scenario.reason).or_default().push(scenario.name());
    }
    if by_reason.is_empty() {
        return;
    }
    page.push_str("<h2>What was skipped</h2><table><tr><th>Because<th>Scenarios</tr>");
    for (reason, names) in by_reason {
        let _ =
            write!(page, "<tr><td>{}<td><code>{}</code></tr>", escaped(reason), escaped(&names.join(" ")));
    }
    page.push_str("</table>\n");
}

/// Every scenario, family by family.
fn families(page: &mut String, report: &Report) {
    page.push_str("<h2>Every scenario</h2>");
    let mut families: Vec<(&str, Vec<&ScenarioReport>)> = Vec::new();
    for scenario in &report.scenarios {
        let family = scenario.id.split('.').next().unwrap_or(&scenario.id);
        match families.iter_mut().find(|(name, _)| *name == family) {
            Some((_, scenarios)) => scenarios.push(scenario),
            None => families.push((family, vec![scenario])),
        }
    }
    for (family, scenarios) in families {
        let passed = scenarios.iter().filter(|scenario| scenario.verdict == Verdict::Pass).count();
        let class =
            scenarios.iter().map(|scenario| scenario.verdict).find(|verdict| *verdict != Verdict::Pass);
        let _ = write!(
            page,
            "<details class=\"scenario {}\"><summary><b>{}</b> <span class=note>{passed} of {} passed</span></summary><table><tr><th>Scenario<th>Door<th>Verdict<th class=number>Seconds<th>What must hold</tr>",
            class.unwrap_or(Verdict::Pass).name(),
            escaped(family),
            scenarios.len()
        );
        for scenario in scenarios {
            let verdict = scenario.verdict.name();
            let _ = write!(
                page,
                "<tr class={verdict}><td><code>{}</code><td>{}<td class=verdict>{verdict}{}<td class=number>{:.2}<td>{}</tr>",
                escaped(&scenario.id),
                scenario.door,
                if scenario.known_failing { " (known)" } else { "" },
                scenario.seconds,
                escaped(&scenario.sentence)
            );
        }
        page.push_str("</table></details>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::Door;
    use crate::report::Sharpness;
    use crate::scenario::Level;
    use crate::world::Exchange;

    fn scenario(verdict: Verdict) -> ScenarioReport {
        ScenarioReport {
            id: "auth.register_login".to_owned(),
            door: Door::Grpc,
            level: Level::Must,
            sentence: "It MUST hold.".to_owned(),
            verdict,
            reason: "<script>".to_owned(),
            violations: vec!["expected <OK> & got \"INTERNAL\"".to_owned()],
            cells: vec!["Auth.Login:OK".to_owned()],
            assertions: 1,
            calls: 1,
            began_seconds: 0.0,
            seconds: 0.1,
            known_failing: false,
            exchanges: vec![Exchange {
                at_ms: 1.0,
                took_ms: 3.0,
                call: "/api.auth.v1.AuthService/Login".to_owned(),
                request: serde_json::json!({ "email": "</script>" }),
                outcome: "INTERNAL".to_owned(),
                answer: serde_json::Value::Null,
                violations: vec!["not <so>".to_owned()],
            }],
            exchanges_left_out: 2,
            places: BTreeMap::new(),
        }
    }

    fn page(verdicts: &[Verdict]) -> String {
        html(&Report {
            format: 1,
            suite_version: "1".to_owned(),
            target: [(Door::Grpc, vec!["http://127.0.0.1:1".to_owned()])].into_iter().collect(),
            ca: None,
            seed: 7,
            began_unix_seconds: 0,
            seconds: 1.0,
            missing_services: Vec::new(),
            sharpness: Sharpness { caught: 5, planted: 6 },
            scenarios: verdicts.iter().copied().map(scenario).collect(),
        })
    }

    #[test]
    fn the_title_says_what_came_of_it() {
        for (verdicts, expected) in [
            (&[Verdict::Pass, Verdict::Skip][..], "The contract is kept"),
            (&[Verdict::Pass, Verdict::Broken], "No verdict from 1 scenario"),
            (&[Verdict::Fail, Verdict::Broken], "One scenario says that the contract is not kept"),
            (&[Verdict::Skip], "Nothing was tried"),
        ] {
            assert!(page(verdicts).contains(&format!("<title>{expected}</title>")), "{expected}");
        }
    }

    #[test]
    fn the_page_is_whole_in_itself_and_escapes_what_it_shows() {
        let page = page(&[Verdict::Fail]);
        for foreign in ["<script", "src=", "href=", "@import", "url("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert!(page.contains("expected &lt;OK&gt; &amp; got &quot;INTERNAL&quot;"));
        assert!(page.contains("--only auth.register_login --seed 7"), "the line that repeats it");
        assert!(page.contains("class=lane"), "the time line");
        assert!(page.contains("<p class=verdict>not &lt;so&gt;</p>"), "what was noticed, and when");
        assert!(page.contains("2 earlier exchanges"), "what is left out");
        assert!(page.contains("catches 5 of the 6 faults"), "how sharp it is");
    }
}
