//! The driver's errors in the domain's words.

use duologue_domain::StorageError;
use sqlx::Error;
use sqlx::postgres::PgDatabaseError;

/// SQLSTATE classes of what passes: no connection, no resources, ended by an operator, rolled back for a conflict.
const PASSING_CLASSES: [&str; 4] = ["08", "53", "57", "40"];

/// SQLSTATEs of what passes: a lock that was not granted in time, a transaction that idled, a standby that took no
/// write, a password that was changed.
const PASSING_CODES: [&str; 5] = ["55P03", "25P03", "25006", "28P01", "28000"];

/// The domain's word for an error: it may pass, or it is a bug.
///
/// U+0000 (22021) never gets here, since the domain refuses it in every text: if it does, that is a bug too.
pub(crate) fn storage(error: Error) -> StorageError {
    if is_passing(&error) {
        StorageError::Unavailable(error.into())
    } else {
        StorageError::Broken(error.into())
    }
}

/// Something in the database that cannot be.
pub(crate) fn broken(what: &'static str) -> StorageError {
    StorageError::Broken(what.into())
}

/// Something that took too long.
pub(crate) fn unavailable(what: &'static str) -> StorageError {
    StorageError::Unavailable(what.into())
}

fn is_passing(error: &Error) -> bool {
    match error {
        Error::Database(error) => error.code().is_some_and(|code| {
            PASSING_CLASSES.iter().any(|class| code.starts_with(class)) || PASSING_CODES.contains(&&*code)
        }),
        Error::Io(_) | Error::Tls(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Whether the statement surely changed nothing, and its connection still serves.
pub(crate) fn surely_undone(error: &Error) -> bool {
    match error {
        Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            !code.starts_with("08") && !code.starts_with("57P")
        }
        Error::Encode(_) | Error::InvalidArgument(_) => true,
        _ => false,
    }
}

/// Whether the error is that this constraint or unique index refused a row.
pub(crate) fn violates(error: &Error, constraint: &str) -> bool {
    let Error::Database(error) = error else { return false };
    let error = error.downcast_ref::<PgDatabaseError>();
    error.code() == "23505" && error.constraint() == Some(constraint)
}
