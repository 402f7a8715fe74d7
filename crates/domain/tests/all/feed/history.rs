//! What happened in a run, and the judge of it: one pure function.

/// A stored message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) id: u128,
    pub(super) unix_millis: i64,
}

/// Where a reader asked to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Now,
    /// In milliseconds, as on the wire.
    Since(i64),
    After(i64),
}

/// One feed, from its opening to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) start: Start,
    /// The newest sequence when the reader asked.
    pub(super) newest_before: i64,
    /// The newest sequence when the feed was open; absent if it never was.
    pub(super) newest_after: Option<i64>,
    /// Sequence and id of what was delivered, in this order.
    pub(super) delivered: Vec<(i64, u128)>,
    pub(super) failure: Option<String>,
}

/// A reader of a chat, and its feeds one after the other: each begins where the one before was cut off.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Reader {
    pub(super) chat: usize,
    pub(super) sessions: Vec<Session>,
}

/// A whole run that has come to rest: everything is written, and everybody had the time to read it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct History {
    /// Of each chat, its messages; the first one has sequence 1.
    pub(super) chats: Vec<Vec<Stored>>,
    pub(super) readers: Vec<Reader>,
}

/// What a feed must never do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Violation {
    /// It failed, though nothing was wrong.
    Failed(String),
    /// It delivered what is not in the chat, or not there.
    Foreign(i64),
    /// It delivered what comes before its start.
    TooEarly(i64),
    /// It left something out before this.
    Gap(i64),
    /// It delivered this again.
    Repeated(i64),
    /// It never delivered this.
    Missing(i64),
}

pub(super) fn judge(history: &History) -> Result<(), Violation> {
    history.readers.iter().try_for_each(|reader| judge_reader(&history.chats[reader.chat], reader))
}

fn judge_reader(messages: &[Stored], reader: &Reader) -> Result<(), Violation> {
    let newest = i64::try_from(messages.len()).unwrap();
    // The last message that the reader has, and the next one that it is owed.
    let (mut last, mut owed) = (None, 1);
    for session in &reader.sessions {
        if let Some(failure) = &session.failure {
            return Err(Violation::Failed(failure.clone()));
        }
        let Some(newest_after) = session.newest_after else { continue };
        let (earliest, latest) = first(messages, session, newest_after);
        judge_session(messages, session, earliest, latest)?;
        if session.start == Start::Now {
            last = None;
        }
        // Whoever has nothing yet begins anew; everybody else must be led on from where they were.
        if let (Some(_), Some((first, _))) = (last, session.delivered.first())
            && *first > owed
        {
            return Err(Violation::Gap(*first));
        }
        last = session.delivered.last().map(|(sequence, _)| *sequence).max(last);
        // What came while a feed was opened may or may not be before its start.
        owed = last.map_or(latest, |last| last + 1);
    }
    if owed <= newest { Err(Violation::Missing(owed)) } else { Ok(()) }
}

/// Between which sequences the first message of a session must be.
///
/// What comes while a feed is opened may count as live or as before it; but what was asked for by its time is owed.
fn first(messages: &[Stored], session: &Session, newest_after: i64) -> (i64, i64) {
    let live = (session.newest_before + 1, newest_after + 1);
    match session.start {
        Start::Now => live,
        Start::After(sequence) => (sequence + 1, sequence + 1),
        Start::Since(since) => {
            let first = (1..).zip(messages).find(|(_, message)| message.unix_millis >= since);
            let first = first.map_or(i64::MAX, |(sequence, _)| sequence);
            (first.min(live.0), first.min(live.1))
        }
    }
}

fn judge_session(
    messages: &[Stored],
    session: &Session,
    earliest: i64,
    latest: i64,
) -> Result<(), Violation> {
    let mut last: Option<i64> = None;
    for (sequence, id) in session.delivered.iter().copied() {
        let stored = usize::try_from(sequence - 1).ok().and_then(|index| messages.get(index));
        if stored.is_none_or(|stored| stored.id != id) {
            return Err(Violation::Foreign(sequence));
        }
        match last {
            None if sequence < earliest => return Err(Violation::TooEarly(sequence)),
            None if sequence > latest => return Err(Violation::Gap(sequence)),
            Some(last) if sequence <= last => return Err(Violation::Repeated(sequence)),
            Some(last) if sequence > last + 1 => return Err(Violation::Gap(sequence)),
            _ => last = Some(sequence),
        }
    }
    Ok(())
}
