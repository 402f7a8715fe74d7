//! How many items a page holds.

use duologue_domain::error::Failure;
use duologue_domain::page::{Cursor, InvalidPageSize, PageRequest, PageSize};
use duologue_domain::{Kind, Reason};

#[test]
fn every_limit_has_its_size() {
    let table = [
        (0, Ok(50)),
        (1, Ok(1)),
        (49, Ok(49)),
        (50, Ok(50)),
        (99, Ok(99)),
        (100, Ok(100)),
        (101, Ok(100)),
        (255, Ok(100)),
        (256, Ok(100)),
        (257, Ok(100)),
        (i32::MAX, Ok(100)),
        (-1, Err(InvalidPageSize)),
        (i32::MIN, Err(InvalidPageSize)),
    ];
    for (limit, expected) in table {
        assert_eq!(PageSize::try_from(limit).map(PageSize::get), expected, "{limit}");
    }
    assert_eq!(PageSize::MAX.and_one(), 101);
}

#[test]
fn a_request_names_every_field_at_fault() {
    let too_long = "A".repeat(Cursor::MAX_LENGTH + 1);
    let table = [
        (0, None, vec![]),
        (0, Some("A".repeat(Cursor::MAX_LENGTH)), vec![]),
        (-1, None, vec![("limit", Reason::InvalidField)]),
        (7, Some(String::new()), vec![("cursor", Reason::CursorInvalid)]),
        (-1, Some(too_long), vec![("limit", Reason::InvalidField), ("cursor", Reason::CursorInvalid)]),
    ];
    for (limit, cursor, expected) in table {
        let described = PageRequest::parse(limit, cursor).err().map(|error| error.describe());
        assert!(described.as_ref().is_none_or(|described| described.kind == Kind::InvalidArgument));
        let violations = described.map_or_else(Vec::new, |described| described.violations);
        let found: Vec<_> = violations.iter().map(|violation| (violation.field, violation.reason)).collect();
        assert_eq!(found, expected, "limit {limit}");
    }
}
