//! One page without assets from elsewhere, for people.

use std::fmt::Write as _;

use super::junit::escaped;
use super::{Report, ScenarioReport, coverage};
use crate::door::{Door, code_name};
use crate::runner::Verdict;

const STYLE: &str = "
:root { color-scheme: light dark; --pass: #1a7f37; --fail: #cf222e; --broken: #9a6700; --skip: #6e7781; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
.bar { display: flex; height: .6rem; border-radius: .3rem; overflow: hidden; background: var(--line); }
.bar span { display: block; } .pass { --c: var(--pass); } .fail { --c: var(--fail); } .broken { --c: var(--broken); } .skip { --c: var(--skip); }
.bar span { background: var(--c); } .verdict { color: var(--c); font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } td, th { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
code, pre { font: .85rem/1.4 ui-monospace, monospace; } pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
details { border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .8rem; margin: .6rem 0; } summary { cursor: pointer; }
.hole { color: var(--skip); } .number { font-variant-numeric: tabular-nums; text-align: right; }
";

/// The report as one HTML page: summary, failures with their exchanges, coverage, everything else.
#[must_use]
pub fn html(report: &Report) -> String {
    let counts = report.counts();
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Conformance: {} failed</title><style>{STYLE}</style></head><body>\n",
        counts.failed
    );
    let addresses: Vec<_> =
        report.target.iter().map(|(door, addresses)| format!("{door} {}", addresses.join(", "))).collect();
    let _ = write!(
        page,
        "<h1>Does it keep the contract?</h1><p>{} · {:.1} s · seed {}</p><p><b>{} passed, {} failed, {} skipped</b></p>{}",
        escaped(&addresses.join(" · ")),
        report.seconds,
        report.seed,
        counts.passed,
        counts.failed,
        counts.skipped,
        bar(report)
    );
    if !report.missing_services.is_empty() {
        let _ = write!(page, "<p>Not there: {}.</p>", escaped(&report.missing_services.join(", ")));
    }
    let failed: Vec<_> = report
        .scenarios
        .iter()
        .filter(|scenario| matches!(scenario.verdict, Verdict::Fail | Verdict::Broken))
        .collect();
    if !failed.is_empty() {
        page.push_str("<h2>What does not hold</h2>");
    }
    for scenario in failed {
        failure(&mut page, scenario);
    }
    coverage_table(&mut page, report);
    page.push_str("<h2>Every scenario</h2><table><tr><th>Scenario<th>Door<th>Verdict<th class=number>Seconds<th>What must hold</tr>");
    for scenario in &report.scenarios {
        let verdict = scenario.verdict.name();
        let _ = write!(
            page,
            "<tr class={verdict}><td><code>{}</code><td>{}<td class=verdict>{verdict}<td class=number>{:.2}<td>{}{}</tr>",
            escaped(&scenario.id),
            scenario.door,
            scenario.seconds,
            escaped(&scenario.sentence),
            if scenario.verdict == Verdict::Skip {
                format!(" <i>({})</i>", escaped(&scenario.reason))
            } else {
                String::new()
            }
        );
    }
    page.push_str("</table></body></html>\n");
    page
}

fn bar(report: &Report) -> String {
    let mut bar = "<div class=bar>".to_owned();
    for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Broken, Verdict::Skip] {
        let count = report.scenarios.iter().filter(|scenario| scenario.verdict == verdict).count();
        let _ = write!(bar, "<span class={} style=\"flex:{count}\"></span>", verdict.name());
    }
    bar + "</div>"
}

fn failure(page: &mut String, scenario: &ScenarioReport) {
    let verdict = scenario.verdict.name();
    let _ = write!(
        page,
        "<details class={verdict} open><summary><span class=verdict>{verdict}{}</span> <code>{}</code></summary><p>{}</p><ul>",
        if scenario.known_failing { " (known)" } else { "" },
        escaped(&scenario.name()),
        escaped(&scenario.sentence)
    );
    let reason = [scenario.reason.clone()];
    let told = if scenario.violations.is_empty() { reason.as_slice() } else { &scenario.violations };
    for violation in told {
        let _ = write!(page, "<li>{}</li>", escaped(violation));
    }
    let _ = write!(
        page,
        "</ul><details><summary>The last {} exchanges</summary><table><tr><th class=number>ms<th>Call<th>Answer</tr>",
        scenario.exchanges.len()
    );
    for exchange in &scenario.exchanges {
        let _ = write!(
            page,
            "<tr><td class=number>{:.1}<br>+{:.1}<td><code>{}</code><pre>{}</pre><td>{}<pre>{}</pre></tr>",
            exchange.at_ms,
            exchange.took_ms,
            escaped(&exchange.call),
            escaped(&exchange.request.to_string()),
            escaped(&exchange.outcome),
            escaped(&exchange.answer.to_string())
        );
    }
    page.push_str("</table></details></details>");
}

fn coverage_table(page: &mut String, report: &Report) {
    page.push_str("<h2>What was asserted</h2><table><tr><th>RPC<th>Codes, with the doors</tr>");
    for row in coverage(report) {
        let _ = write!(page, "<tr><td><code>{:?}.{}</code><td>", row.rpc.service(), row.rpc.method());
        for (code, doors) in &row.codes {
            let doors: Vec<_> = doors.iter().map(|door: &Door| door.name()).collect();
            let class = if doors.is_empty() { " class=hole" } else { "" };
            let doors = if doors.is_empty() { "–".to_owned() } else { doors.join(" ") };
            let _ = write!(page, "<span{class}>{} {doors}</span> · ", code_name(*code));
        }
        page.push_str("</tr>");
    }
    page.push_str("</table>");
}
