//! Every ratio can be measured. What the figures are is for a quiet machine and a release build to say.

use std::process::Command;

#[test]
fn every_ratio_can_be_measured() {
    let ratios = Command::new(env!("CARGO_BIN_EXE_ratios")).arg("smoke").output().expect("the command runs");
    let (said, complaints) =
        (String::from_utf8_lossy(&ratios.stdout), String::from_utf8_lossy(&ratios.stderr));
    assert!(ratios.status.success(), "{said}{complaints}");
    let named = complaints.lines().filter(|line| line.starts_with("ratios: ")).count();
    assert!(named >= 10 && said.contains(" lines can be measured"), "{said}{complaints}");
}
