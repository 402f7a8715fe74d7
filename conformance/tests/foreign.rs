//! A deployment that the suite does not know: an `AuthService` alone, written by hand, with two bugs.
//!
//! The suite has to name both, pass what is right, and say of everything else that it is not there.

use std::collections::{BTreeMap, BTreeSet};

use duologue_conformance::door::Door;
use duologue_conformance::runner::{self, Preflight, Verdict};
use duologue_conformance::scenario;
use duologue_conformance::target::Target;
use duologue_conformance::world::Session;

mod small_auth;

/// What the small deployment promises.
const TRIED: [&str; 12] = [
    "auth.register_login",
    "auth.register_duplicate_email",
    "auth.register_email_case_fold",
    "auth.login_wrong_password",
    "auth.login_unknown_email_same_answer",
    "auth.login_malformed",
    "auth.login_password_72_bytes",
    "auth.login_password_unicode",
    "auth.login_is_not_exclusive",
    "auth.refresh_rotates",
    "user.create_and_get",
    "social.accept",
];

#[tokio::test(flavor = "multi_thread")]
async fn two_bugs_are_named_and_missing_services_are_missing() {
    let address = small_auth::serve().await.expect("it listens");
    let session = Session::new(Target::new(&[address], &[]), 7);
    let preflight = Preflight::look(&session).await.expect("it is there");
    assert!(preflight.unreachable.is_empty(), "{:?}", preflight.unreachable);
    let jobs = TRIED.iter().map(|id| (scenario::find(id).expect("a scenario"), Door::Grpc)).collect();
    let reports = runner::run(&session, jobs, 4, |_| {}).await;

    let found: BTreeMap<_, _> = reports.iter().map(|report| (report.id.as_str(), report)).collect();
    let of = |verdict| -> BTreeSet<&str> {
        reports.iter().filter(|report| report.verdict == verdict).map(|report| report.id.as_str()).collect()
    };
    let failed = of(Verdict::Fail);
    let expected = BTreeSet::from(["auth.register_email_case_fold", "auth.login_unknown_email_same_answer"]);
    let told: Vec<_> = reports.iter().map(|report| (&report.id, report.verdict, &report.reason)).collect();
    assert_eq!(failed, expected, "{told:#?}");
    assert_eq!(of(Verdict::Skip), BTreeSet::from(["user.create_and_get", "social.accept"]), "{told:#?}");
    assert_eq!(of(Verdict::Broken), BTreeSet::new(), "{told:#?}");
    assert!(found["auth.login_unknown_email_same_answer"].reason.contains("NOT_FOUND"), "it names the bug");
    assert!(
        found["user.create_and_get"].reason.contains("api.user.v1.UserService"),
        "it names what is missing"
    );
}
