//! Where something is asserted, so that one assertion at a time can be silenced.

use std::panic::Location;

/// A place in the source of the suite where something is asserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, from the root of the workspace.
    pub file: &'static str,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Place {
    /// Where the caller was called.
    #[track_caller]
    pub(super) fn of_caller() -> Self {
        let location = Location::caller();
        Self { file: location.file(), line: location.line(), column: location.column() }
    }
}
