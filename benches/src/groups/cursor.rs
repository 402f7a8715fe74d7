//! Cursors: sealing one, opening it, and making a page.

use std::hint::black_box;

use duologue_domain::page::{CursorKey as _, CursorSealer, PageRequest, PageSize, Scope};

use crate::harness::{Bench, Group};
use crate::seed::person;

pub(super) const GROUP: Group = Group { name: "page/cursor", is_stored: false, run };

fn run(bench: &mut Bench<'_>) {
    let cursors = CursorSealer::new(&[7; 32]);
    let scope = Scope { list: "ListMessages", caller: person(1), filter: &[3; 17] };
    let key = 123_456_i64;
    let cursor = cursors.seal(scope, &key.to_bytes());
    let request = PageRequest::parse(50, Some(cursor.clone().into_string())).expect("a page request");
    assert_eq!(cursors.position(scope, &request), Ok(Some(key)));
    let size = PageSize::try_from(50).expect("a size");
    let items: Vec<i64> = (0..51).collect();
    let page = cursors.page(scope, size, items.clone(), |item| *item);
    assert_eq!((page.items.len(), page.next_cursor), (50, Some(cursors.seal(scope, &49_i64.to_bytes()))));

    let (mut group, _) = bench.group();
    group.bench_function("seal", |bencher| {
        bencher.iter(|| cursors.seal(black_box(scope), &black_box(key).to_bytes()));
    });
    group.bench_function("open", |bencher| {
        bencher.iter(|| cursors.position::<i64>(black_box(scope), black_box(&request)));
    });
    group.bench_function("page", |bencher| {
        bencher.iter(|| cursors.page(black_box(scope), size, black_box(items.clone()), |item| *item));
    });
}
