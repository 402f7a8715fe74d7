//! Pages of a list: how large, from where, and what leads to the next.
//!
//! Pages are keyset pages: a cursor holds the key of the last item returned, so that the cost of a page does not
//! depend on its depth and nothing is repeated or left out when items come and go.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::error::{
    Description, Failure, FieldError, InField, InvalidFields, Kind, Reason, StorageError, Together,
};
use crate::id::{Id, UserId};
use crate::mac;
use crate::time::Timestamp;

/// The version of the cursor's layout: its first byte.
const VERSION: u8 = 1;

/// Bytes of the checksum: 128 bits cannot be guessed.
const CHECKSUM_LENGTH: usize = 16;

/// How many items a page may hold: 1 to 100, 50 unless the client says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u8);

impl PageSize {
    /// The size for a client that names none.
    pub const DEFAULT: Self = Self(50);

    /// The largest page; a client that asks for more gets this.
    pub const MAX: Self = Self(100);

    /// The number of items.
    #[must_use]
    pub fn get(self) -> usize {
        usize::from(self.0)
    }

    /// How many items to ask a store for: one more, to know whether the page is the last.
    #[must_use]
    pub fn and_one(self) -> usize {
        self.get() + 1
    }
}

/// The limit is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must not be negative")]
pub struct InvalidPageSize;

impl FieldError for InvalidPageSize {}

impl TryFrom<i32> for PageSize {
    type Error = InvalidPageSize;

    fn try_from(limit: i32) -> Result<Self, InvalidPageSize> {
        match u32::try_from(limit) {
            Err(_) => Err(InvalidPageSize),
            Ok(0) => Ok(Self::DEFAULT),
            Ok(limit) => Ok(u8::try_from(limit).map_or(Self::MAX, |limit| Self(limit.min(Self::MAX.0)))),
        }
    }
}

/// What leads to the next page: opaque, URL-safe text of at most 512 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// The longest text that can be a cursor, in characters.
    pub const MAX_LENGTH: usize = 512;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, for good.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// The cursor was made for another list or caller, or is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no cursor of this list")]
pub struct InvalidCursor;

impl FieldError for InvalidCursor {
    fn reason(&self) -> Reason {
        Reason::CursorInvalid
    }
}

impl Failure for InvalidCursor {
    fn describe(&self) -> Description {
        Description::new(Kind::InvalidArgument, Reason::CursorInvalid)
            .in_field("cursor", "is no cursor of this list")
    }
}

/// Which page of a list a client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// How many items at the most.
    pub size: PageSize,
    /// Where to go on; the first page if absent.
    pub cursor: Option<Cursor>,
}

impl PageRequest {
    /// The first page, of the default size.
    pub const FIRST: Self = Self { size: PageSize::DEFAULT, cursor: None };

    /// Reads the fields `limit` and `cursor` of a request.
    pub fn parse(limit: i32, cursor: Option<String>) -> Result<Self, InvalidFields> {
        let cursor = match cursor {
            Some(text) if text.is_empty() || text.len() > Cursor::MAX_LENGTH => Err(InvalidCursor),
            other => Ok(other.map(Cursor)),
        };
        let (size, cursor) =
            (PageSize::try_from(limit).in_field("limit"), cursor.in_field("cursor")).together()?;
        Ok(Self { size, cursor })
    }
}

/// Some items of a list, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items; at most as many as were asked for.
    pub items: Vec<T>,
    /// What leads to the next page; absent on the last one.
    pub next_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    /// The same page of other items.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next_cursor: self.next_cursor }
    }
}

/// A page of a list cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The cursor does not belong to this list.
    #[error("the cursor does not belong to this list")]
    Cursor(#[from] InvalidCursor),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for ListError {
    fn describe(&self) -> Description {
        match self {
            Self::Cursor(error) => error.describe(),
            Self::Storage(error) => error.describe(),
        }
    }
}

/// A list as one caller sees it: what a cursor is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The name of the RPC.
    pub list: &'static str,
    /// Who asks.
    pub caller: UserId,
    /// What the list is filtered by, spelled so that two filters never look alike.
    pub filter: &'a [u8],
}

/// Makes cursors and opens them again, with a key that no client knows.
///
/// The key must be the same on every replica and outlive restarts, or cursors die with the process.
///
/// ```
/// use duologue_domain::id::{Id, UserId};
/// use duologue_domain::page::{CursorSealer, PageRequest, PageSize, Scope};
///
/// let cursors = CursorSealer::new(&[7; 32]);
/// let ada = UserId::from_uuid(uuid::Uuid::from_u128(1));
/// let scope = Scope { list: "ListNumbers", caller: ada, filter: b"even" };
///
/// // A store was asked for one item more than the page holds: there are more to come.
/// let page = cursors.page(scope, PageSize::try_from(2)?, vec![2_i64, 4, 6], |number| *number);
/// assert_eq!(page.items, [2, 4]);
///
/// let next = page.next_cursor.map(|cursor| cursor.into_string());
/// let request = PageRequest::parse(2, next)?;
/// assert_eq!(cursors.position(scope, &request), Ok(Some(4_i64)));
///
/// let elsewhere = Scope { filter: b"odd", ..scope };
/// assert!(cursors.position::<i64>(elsewhere, &request).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CursorSealer {
    mac: Hmac<Sha256>,
}

impl CursorSealer {
    /// A sealer with this key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self { mac: mac::keyed(key) }
    }

    fn checksum(&self, scope: Scope<'_>, key: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(&[VERSION]);
        for part in [scope.list.as_bytes(), scope.caller.uuid().as_bytes(), scope.filter, key] {
            // The length in front keeps the parts apart.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }

    /// A cursor that leads on from the item with this key.
    #[must_use]
    pub fn seal(&self, scope: Scope<'_>, key: &[u8]) -> Cursor {
        let checksum = self.checksum(scope, key).finalize().into_bytes();
        let mut bytes = Vec::with_capacity(1 + key.len() + CHECKSUM_LENGTH);
        bytes.push(VERSION);
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(&checksum[..CHECKSUM_LENGTH]);
        Cursor(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The key in a cursor that was made for this very scope.
    pub fn open(&self, scope: Scope<'_>, cursor: &Cursor) -> Result<Vec<u8>, InvalidCursor> {
        let mut bytes = URL_SAFE_NO_PAD.decode(&cursor.0).map_err(|_| InvalidCursor)?;
        if bytes.first() != Some(&VERSION) || bytes.len() < 1 + CHECKSUM_LENGTH {
            return Err(InvalidCursor);
        }
        let checksum = bytes.split_off(bytes.len() - CHECKSUM_LENGTH);
        let key = bytes.split_off(1);
        self.checksum(scope, &key).verify_truncated_left(&checksum).map_err(|_| InvalidCursor)?;
        Ok(key)
    }

    /// The position a request asks to go on from, if it holds a cursor.
    pub fn position<K: CursorKey>(
        &self,
        scope: Scope<'_>,
        request: &PageRequest,
    ) -> Result<Option<K>, InvalidCursor> {
        let Some(cursor) = &request.cursor else { return Ok(None) };
        K::from_bytes(&self.open(scope, cursor)?).map(Some).ok_or(InvalidCursor)
    }

    /// A page out of up to [`PageSize::and_one`] items.
    #[must_use]
    pub fn page<T, K: CursorKey>(
        &self,
        scope: Scope<'_>,
        size: PageSize,
        mut items: Vec<T>,
        key: impl FnOnce(&T) -> K,
    ) -> Page<T> {
        let more = items.len() > size.get();
        items.truncate(size.get());
        let last = if more { items.last() } else { None };
        let next_cursor = last.map(|last| self.seal(scope, &key(last).to_bytes()));
        Page { items, next_cursor }
    }
}

impl std::fmt::Debug for CursorSealer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CursorSealer").finish_non_exhaustive()
    }
}

/// A key that orders a list totally, as bytes in a cursor.
pub trait CursorKey: Sized {
    /// The bytes.
    fn to_bytes(&self) -> Vec<u8>;

    /// The key of these bytes, if they are one.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl CursorKey for i64 {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

/// The bytes of a key made of a time and an id.
pub(crate) fn timed_key_to_bytes(time: Timestamp, uuid: Uuid) -> Vec<u8> {
    [time.unix_micros().to_be_bytes().as_slice(), uuid.as_bytes()].concat()
}

/// The time and the id of a key's bytes.
pub(crate) fn timed_key_from_bytes(bytes: &[u8]) -> Option<(Timestamp, Uuid)> {
    let (time, uuid) = bytes.split_at_checked(8)?;
    let time = i64::from_be_bytes(time.try_into().ok()?);
    Some((Timestamp::from_unix_micros(time), Uuid::from_slice(uuid).ok()?))
}
