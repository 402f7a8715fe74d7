//! What did not hold: each scenario with its exchanges on a time line.

use std::fmt::Write as _;

use super::count;
use crate::report::junit::escaped;
use crate::report::{Report, ScenarioReport};
use crate::runner::Verdict;
use crate::scenario::catalogue;
use crate::world::Exchange;

/// Which scenarios a chapter is about.
type Kind = fn(&ScenarioReport) -> bool;

/// Everything that needs a look: violations, what has no verdict, what is known to fail.
pub(super) fn failures(page: &mut String, report: &Report) {
    let kinds: [(&str, Kind); 3] = [
        ("What does not hold", ScenarioReport::is_violated),
        ("What has no verdict", |scenario| scenario.verdict == Verdict::Broken),
        ("What fails, as is known", |scenario| scenario.verdict == Verdict::Fail && scenario.known_failing),
    ];
    for (title, is_meant) in kinds {
        let mut meant = report.scenarios.iter().filter(|scenario| is_meant(scenario)).peekable();
        if meant.peek().is_some() {
            let _ = writeln!(page, "<h2>{title}</h2>");
        }
        for scenario in meant {
            failure(page, report, scenario);
        }
    }
}

fn failure(page: &mut String, report: &Report, scenario: &ScenarioReport) {
    let verdict = scenario.verdict.name();
    let is_open = if scenario.known_failing { "" } else { " open" };
    let _ = write!(
        page,
        "<details class=\"scenario {verdict}\"{is_open}><summary><span class=verdict>{verdict}</span> <code>{}</code></summary><p><b>{}</b></p><ul>",
        escaped(&scenario.name()),
        escaped(&scenario.sentence)
    );
    let reason = [match scenario.verdict {
        Verdict::Pass => "It passes, although it is known to fail: strike it off the list.".to_owned(),
        _ => scenario.reason.clone(),
    }];
    let told = if scenario.violations.is_empty() { reason.as_slice() } else { &scenario.violations };
    for violation in told {
        let _ = write!(page, "<li>{}</li>", escaped(violation));
    }
    page.push_str("</ul>");
    if let Some(row) = catalogue().into_iter().find(|row| row.id == scenario.id) {
        let _ = write!(page, "<p class=note>What happens in it: {}</p>", escaped(row.text));
    }
    let _ = write!(page, "<p>Again: <code>{}</code></p>", escaped(&report.again(scenario)));
    if !scenario.exchanges.is_empty() {
        time_line(page, scenario);
    }
    page.push_str("</details>\n");
}

/// The exchanges, each as a bar from its call to its answer; requests and answers open with a click.
fn time_line(page: &mut String, scenario: &ScenarioReport) {
    let first = scenario.exchanges.iter().map(|exchange| exchange.at_ms).fold(f64::MAX, f64::min);
    let last = scenario.exchanges.iter().map(|exchange| exchange.at_ms + exchange.took_ms);
    let span = (last.fold(first, f64::max) - first).max(0.1);
    let _ = write!(page, "<h3>{} in {span:.0} ms</h3>", count(scenario.exchanges.len(), "exchange"));
    if scenario.exchanges_left_out > 0 {
        let left_out = count(scenario.exchanges_left_out, "earlier exchange");
        let _ = write!(page, "<p class=note>{left_out} before these are left out.</p>");
    }
    page.push_str("<div class=time>");
    for exchange in &scenario.exchanges {
        let (left, width) = (100.0 * (exchange.at_ms - first) / span, 100.0 * exchange.took_ms / span);
        let _ = write!(
            page,
            "<details class={}{}><summary><span class=number>{:.1} ms</span><span class=lane title=\"took {:.1} ms\"><i style=\"left:{:.2}%;width:{:.2}%\"></i></span><code>{}</code><code class=answer>{}</code></summary>",
            class(exchange),
            if exchange.violations.is_empty() { "" } else { " open" },
            exchange.at_ms,
            exchange.took_ms,
            left.min(99.5),
            width.min(100.0 - left.min(99.5)),
            escaped(call(exchange)),
            escaped(&exchange.outcome)
        );
        let indented = |json| serde_json::to_string_pretty(json).unwrap_or_default();
        let _ = write!(
            page,
            "<p class=note>asked</p><pre>{}</pre><p class=note>answered after {:.1} ms</p><pre>{}</pre>",
            escaped(&indented(&exchange.request)),
            exchange.took_ms,
            escaped(&indented(&exchange.answer))
        );
        for violation in &exchange.violations {
            let _ = write!(page, "<p class=verdict>{}</p>", escaped(violation));
        }
        page.push_str("</details>");
    }
    page.push_str("</div>");
}

/// A refusal is often what a scenario wants: red is only what nobody wants, or what showed a violation.
fn class(exchange: &Exchange) -> &'static str {
    let code = exchange.outcome.split([' ', ',']).next().unwrap_or_default();
    match code {
        _ if !exchange.violations.is_empty() => "fail",
        "OK" => "pass",
        "INTERNAL" | "UNKNOWN" => "fail",
        _ if exchange.outcome.contains("no server said this") => "fail",
        _ => "broken",
    }
}

/// `AuthService/Login` for `/api.auth.v1.AuthService/Login`; anything else as it is.
fn call(exchange: &Exchange) -> &str {
    let without_package = exchange.call.strip_prefix("/api.").and_then(|path| path.rsplit('.').next());
    without_package.unwrap_or(&exchange.call)
}
