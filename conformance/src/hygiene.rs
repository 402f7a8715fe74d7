//! What must hold for every answer of every call, whatever the scenario is about.

use std::sync::LazyLock;

use duologue_contract::Rpc;
use duologue_contract::errors::{DOMAIN, Reason};

use crate::door::{Answer, Failure, canonical_http_status, code_name};
use crate::secrets::Secrets;

/// Everything that is wrong with an answer in itself.
#[must_use]
pub fn check(rpc: Option<Rpc>, answer: &Answer, secrets: &Secrets) -> Vec<String> {
    let mut faults = answer.deviations.clone();
    if let Err(failure) = &answer.outcome
        && !failure.is_transport
    {
        faults.extend(check_failure(rpc, failure, secrets));
    }
    for (name, value) in &answer.headers {
        if secrets.are_in(value) {
            faults.push(format!("header {name} shows a secret"));
        }
    }
    faults
}

/// Everything that is wrong with a refusal in itself.
#[must_use]
pub fn check_failure(rpc: Option<Rpc>, failure: &Failure, secrets: &Secrets) -> Vec<String> {
    let mut faults = Vec::new();
    let code = failure.code;
    if let Some(rpc) = rpc
        && !rpc.may_answer(code)
    {
        faults.push(format!("{} is not among the codes that {} declares", code_name(code), rpc.path()));
    }
    faults.extend(check_reason(failure));
    if let Some(status) = failure.http_status {
        faults.extend(check_http_status(failure, status));
    }
    let is_field_error = failure.has_reason(Reason::InvalidField);
    if is_field_error && failure.violations.is_empty() {
        faults.push("INVALID_FIELD without a field violation".to_owned());
    }
    if let Some(rpc) = rpc {
        let known = |name: &str| {
            let first = name.split(['[', '.']).next().unwrap_or_default();
            let is_field =
                rpc.description().fields.iter().any(|field| field.name == first || field.json_name == first);
            // Through REST a stream goes on where this header says.
            is_field || (rpc.is_streaming() && first.eq_ignore_ascii_case("last-event-id"))
        };
        for violation in failure.violations.iter().filter(|violation| !known(&violation.field)) {
            faults
                .push(format!("the violation names {:?}, which is no field of the request", violation.field));
        }
    }
    if failure.has_reason(Reason::RateLimited) && failure.retry_after.is_none() {
        faults.push("RATE_LIMITED without RetryInfo".to_owned());
    }
    faults.extend(check_text(failure, secrets));
    faults
}

fn check_reason(failure: &Failure) -> Option<String> {
    let Some(reason) = failure.reason.as_deref() else {
        return Some(format!("{} without google.rpc.ErrorInfo", code_name(failure.code)));
    };
    if failure.domain.as_deref() != Some(DOMAIN) {
        return Some(format!("the domain of ErrorInfo is {:?}, not {DOMAIN:?}", failure.domain));
    }
    let Some(known) = Reason::from_name(reason) else {
        return Some(format!("{reason:?} is no reason of the contract"));
    };
    (known.code() != failure.code).then(|| {
        format!("{reason} belongs to {}, not to {}", code_name(known.code()), code_name(failure.code))
    })
}

fn check_http_status(failure: &Failure, status: u16) -> Option<String> {
    let expected = match failure.reason.as_deref().and_then(Reason::from_name) {
        Some(Reason::MethodNotAllowed) => 405,
        Some(Reason::BodyTooLarge) => 413,
        Some(Reason::MediaTypeUnsupported) => 415,
        _ => canonical_http_status(failure.code),
    };
    (status != expected).then(|| format!("HTTP {status} for {failure}: the canonical status is {expected}"))
}

/// Marks of what belongs into a log and never into an answer.
const LEAKS: [(&str, &[&str]); 4] = [
    (
        "SQL",
        &[
            "select ",
            "insert into",
            "update set",
            "delete from",
            "sqlstate",
            "sqlx",
            "duplicate key",
            "constraint \"",
        ],
    ),
    ("a path", &["/src/", "/home/", "/usr/", "/var/", ".cargo", ".rs:", "\\users\\"]),
    ("a stack", &["panicked at", "backtrace", "stack trace", "traceback (most recent"]),
    ("a token", &["eyj", "bearer ey"]),
];

fn check_text(failure: &Failure, secrets: &Secrets) -> Vec<String> {
    let mut faults = Vec::new();
    let lower = failure.raw.to_lowercase();
    for (what, marks) in LEAKS {
        if let Some(mark) = marks.iter().find(|mark| lower.contains(**mark)) {
            faults.push(format!("the error shows {what} ({mark:?})"));
        }
    }
    let said = failure.metadata.values().chain([&failure.message, &failure.raw]);
    let described = failure.violations.iter().map(|violation| &violation.description);
    if said.chain(described).any(|text| secrets.are_in(text)) {
        faults.push("the error shows a password, a token or an e-mail address of this run".to_owned());
    }
    if has_email(&failure.message) {
        faults.push("the error shows an e-mail address".to_owned());
    }
    faults
}

/// Something, an `@`, and something with a dot.
fn has_email(text: &str) -> bool {
    static SPACES: LazyLock<[char; 6]> = LazyLock::new(|| [' ', '"', '<', '>', '(', ')']);
    text.split(*SPACES).any(|word| match word.split_once('@') {
        Some((local, domain)) => !local.is_empty() && domain.trim_end_matches('.').contains('.'),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    fn refusal() -> Failure {
        let mut failure = Failure::new(Code::NotFound, "There is no such profile.");
        failure.reason = Some("PROFILE_NOT_FOUND".to_owned());
        failure.domain = Some(DOMAIN.to_owned());
        failure.http_status = Some(404);
        failure
    }

    fn faults(change: impl FnOnce(&mut Failure)) -> Vec<String> {
        let mut failure = refusal();
        change(&mut failure);
        check_failure(Some(Rpc::UserGetProfileById), &failure, &Secrets::new("marker1"))
    }

    #[test]
    fn a_clean_refusal_has_no_fault() {
        assert_eq!(faults(|_| {}), Vec::<String>::new());
    }

    #[test]
    fn each_defect_is_seen() {
        let seen = |change: fn(&mut Failure), word: &str| {
            let faults = faults(change);
            assert!(faults.iter().any(|fault| fault.contains(word)), "{word}: {faults:?}");
        };
        seen(|failure| failure.reason = None, "ErrorInfo");
        seen(|failure| failure.reason = Some("NO_SUCH".to_owned()), "no reason");
        seen(|failure| failure.domain = None, "domain");
        seen(|failure| failure.code = Code::Internal, "not among the codes");
        seen(|failure| failure.code = Code::Unavailable, "belongs to");
        seen(|failure| failure.http_status = Some(400), "canonical");
        seen(|failure| failure.raw = "SELECT * FROM users".to_owned(), "SQL");
        seen(|failure| failure.raw = "thread main panicked at x".to_owned(), "stack");
        seen(|failure| failure.raw = "at /home/me/src/lib.rs:7".to_owned(), "path");
        seen(|failure| failure.message = "a@b.example is taken".to_owned(), "e-mail");
        seen(|failure| failure.message = "xmarker1x".to_owned(), "of this run");
    }
}
