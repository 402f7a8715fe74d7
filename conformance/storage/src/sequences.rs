//! Sequences of calls, held against a model; what fails is shrunk to the shortest sequence that does.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

/// How many sequences are tried, unless `PROPTEST_CASES` says.
const SEQUENCES: u32 = 48;

/// How many calls the longest sequence has.
const LONGEST: usize = 40;

/// Tries sequences of such calls. Each starts with people whom nobody has heard of.
pub(crate) fn assert_sequences<T: Debug>(
    call: impl Strategy<Value = T>,
    run: &impl AsyncFn(&[T]) -> Result<(), String>,
) {
    let mut config = Config { failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = SEQUENCES;
    }
    let outcome = TestRunner::new(config).run(&vec(call, 1..=LONGEST), |calls| {
        block_in_place(|| Handle::current().block_on(run(&calls))).map_err(TestCaseError::fail)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// What the model says is what the storage says.
#[expect(clippy::needless_pass_by_value, reason = "both are made for the comparison")]
pub(crate) fn agree<T: PartialEq + Debug>(what: &str, storage: T, model: T) -> Result<(), String> {
    if storage == model {
        Ok(())
    } else {
        Err(format!("{what}: the storage says {storage:?}, the model {model:?}"))
    }
}
