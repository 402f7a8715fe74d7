//! Walks through pages, for every RPC that pages.

use super::{Outcome, Place, World};
use crate::check::pages::{Page, WalkFault, check_walk};
use crate::door::{Call, Envelope};

/// The pages of a walk, from the first to the last.
pub type Walk = Vec<Page>;

/// A walk that does not end within so many pages is not going to.
const MOST_PAGES: usize = 2_000;

impl World {
    /// Follows `next_cursor` to the end.
    ///
    /// `request` makes the request for a cursor, `items` takes the ids of the items and the next cursor out of a reply.
    pub async fn walk<T: Call>(
        &self,
        envelope: impl Into<Envelope>,
        request: impl Fn(Option<String>) -> T,
        items: impl Fn(T::Reply) -> (Vec<String>, Option<String>),
    ) -> Outcome<Walk> {
        let envelope = envelope.into();
        let (mut walk, mut cursor) = (Walk::new(), None);
        loop {
            let (ids, next_cursor) = items(self.ok(envelope.clone(), &request(cursor)).await?);
            walk.push(Page { ids, next_cursor: next_cursor.clone() });
            match next_cursor {
                None => return Ok(walk),
                Some(_) if walk.len() >= MOST_PAGES => {
                    self.note_violation(format!("{}: the walk does not end", T::RPC.path()));
                    return Err(super::Stop::Violated);
                }
                next => cursor = next,
            }
        }
    }

    /// Asserts that a walk returned exactly these items, in this order, in pages of at most `limit`.
    #[track_caller]
    pub fn check_walk_equals(&self, what: &str, walk: &Walk, limit: usize, expected: &[String]) {
        let (place, faults): (_, Vec<WalkFault>) = (Place::of_caller(), check_walk(walk, limit));
        self.check_at(place, faults.is_empty(), || format!("{what}, limit {limit}: {faults:?}"));
        let found: Vec<&String> = walk.iter().flat_map(|page| &page.ids).collect();
        self.check_at(place, found.iter().copied().eq(expected), || {
            format!(
                "{what}, limit {limit}: expected {} items {expected:?}, found {} {found:?}",
                expected.len(),
                found.len()
            )
        });
    }
}
