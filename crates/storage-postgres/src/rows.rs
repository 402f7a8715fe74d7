//! What several contexts do with rows.

use duologue_domain::id::Id;
use duologue_domain::{StorageError, Timestamp};
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row, Type};
use uuid::Uuid;

use crate::error::{broken, storage};

/// Reads columns in the domain's types.
pub(crate) trait Columns {
    /// A column as the driver gives it.
    fn column<'r, T: Decode<'r, Postgres> + Type<Postgres>>(&'r self, name: &str) -> Result<T, StorageError>;

    /// An identifier.
    fn id<T: Id>(&self, name: &str) -> Result<T, StorageError> {
        self.column::<Uuid>(name).map(T::from_uuid)
    }

    /// A moment.
    fn time(&self, name: &str) -> Result<Timestamp, StorageError> {
        self.column::<i64>(name).map(Timestamp::from_unix_micros)
    }
}

impl Columns for PgRow {
    fn column<'r, T: Decode<'r, Postgres> + Type<Postgres>>(&'r self, name: &str) -> Result<T, StorageError> {
        self.try_get(name).map_err(storage)
    }
}

/// A text that was valid when it was stored.
pub(crate) fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, StorageError> {
    text.parse().map_err(|_| broken("a stored text breaks its own rule"))
}

/// A number of rows as the database counts them.
pub(crate) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The UUIDs of identifiers.
pub(crate) fn uuids<T: Id>(ids: &[T]) -> Vec<Uuid> {
    ids.iter().map(|id| id.uuid()).collect()
}

/// The key below which to list: what was asked for, or the greatest there can be.
pub(crate) fn below<T>(key: Option<T>, parts: impl FnOnce(T) -> (Timestamp, Uuid)) -> (i64, Uuid) {
    key.map_or((i64::MAX, Uuid::max()), |key| {
        let (time, uuid) = parts(key);
        (time.unix_micros(), uuid)
    })
}
