//! The table of RPC × code: what the run asserted, and through which doors.

use std::fmt::Write as _;

use tonic::Code;

use crate::door::code_name;
use crate::report::{Report, coverage};

pub(super) fn table(page: &mut String, report: &Report) {
    let rows = coverage(report);
    let mut codes: Vec<Code> = rows.iter().flat_map(|row| row.codes.iter().map(|(code, _)| *code)).collect();
    codes.sort_by_key(|code| *code as i32);
    codes.dedup();
    let all = report.target.len();
    let cells = rows.iter().map(|row| row.codes.len()).sum::<usize>() * all;
    let asserted: usize = rows.iter().flat_map(|row| row.codes.iter().map(|(_, doors)| doors.len())).sum();
    let _ = write!(
        page,
        "<h2>What was asserted</h2><p>{asserted} of {cells} cells of RPC × code × door. <span class=both>●</span> through every door of the run, <span class=one>◐</span> through some, <span class=none>○</span> through none; blank: the RPC never answers it.</p><div class=scroll><table class=coverage><tr><th>"
    );
    for code in &codes {
        let _ = write!(page, "<th><span>{}</span>", code_name(*code));
    }
    page.push_str("</tr>\n");
    for row in rows {
        let _ = write!(page, "<tr><td><code>{:?}.{}</code>", row.rpc.service(), row.rpc.method());
        for code in &codes {
            let Some((_, doors)) = row.codes.iter().find(|(of_row, _)| of_row == code) else {
                page.push_str("<td>");
                continue;
            };
            let (class, sign) = match doors.len() {
                0 => ("none", '○'),
                some if some < all => ("one", '◐'),
                _ => ("both", '●'),
            };
            let names: Vec<_> = doors.iter().map(|door| door.name()).collect();
            let names = if names.is_empty() { "no door".to_owned() } else { names.join(", ") };
            let _ = write!(page, "<td class={class} title=\"{}: {names}\">{sign}", code_name(*code));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table></div>\n");
}
