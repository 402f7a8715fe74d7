//! The judge before the bench: good and bad histories, kept here.

use super::history::{History, Reader, Session, Start, Stored, Violation, judge};

/// A chat whose first three messages are of one millisecond, the next two of another.
fn chat() -> Vec<Stored> {
    let times = [1_000, 1_000, 1_000, 1_007, 1_007];
    (1..).zip(times).map(|(id, unix_millis)| Stored { id, unix_millis }).collect()
}

/// A session opened when there were `before` to `after` messages.
fn session(start: Start, (before, after): (i64, i64), delivered: &[i64]) -> Session {
    let delivered =
        delivered.iter().map(|sequence| (*sequence, u128::try_from(*sequence).unwrap())).collect();
    Session { start, newest_before: before, newest_after: Some(after), delivered, failure: None }
}

fn verdict(sessions: Vec<Session>) -> Result<(), Violation> {
    judge(&History { chats: vec![chat()], readers: vec![Reader { chat: 0, sessions }] })
}

#[test]
fn good_histories_pass() {
    use Start::{After, Now, Since};
    let crashed = Session { newest_after: None, ..session(Now, (0, 0), &[]) };
    let table = [
        ("all of it", vec![session(After(0), (0, 0), &[1, 2, 3, 4, 5])]),
        ("the rest", vec![session(After(3), (4, 4), &[4, 5])]),
        ("nothing is left", vec![session(After(5), (5, 5), &[])]),
        ("what came while opening belongs to it", vec![session(Now, (2, 4), &[3, 4, 5])]),
        ("or does not", vec![session(Now, (2, 4), &[5])]),
        ("nothing came after opening", vec![session(Now, (3, 5), &[])]),
        ("since a tie", vec![session(Since(1_000), (5, 5), &[1, 2, 3, 4, 5])]),
        ("since a moment between", vec![session(Since(1_001), (5, 5), &[4, 5])]),
        ("since the future", vec![session(Since(2_000), (3, 3), &[4, 5])]),
        (
            "resumed by sequence",
            vec![session(After(0), (0, 0), &[1, 2]), session(After(2), (3, 3), &[3, 4, 5])],
        ),
        (
            "resumed by time",
            vec![session(After(0), (0, 0), &[1, 2]), session(Since(1_000), (3, 3), &[1, 2, 3, 4, 5])],
        ),
        ("asked for news twice", vec![session(Now, (0, 0), &[]), session(Now, (3, 3), &[4, 5])]),
        ("crashed while opening", vec![crashed, session(Now, (1, 1), &[2, 3, 4, 5])]),
    ];
    for (name, sessions) in table {
        assert_eq!(verdict(sessions), Ok(()), "{name}");
    }
}

#[test]
fn bad_histories_are_caught() {
    use Start::{After, Now, Since};
    let failed = Session { failure: Some("broken".to_owned()), ..session(Now, (0, 0), &[1, 2, 3, 4, 5]) };
    let foreign = Session { delivered: vec![(1, 77)], ..session(After(0), (0, 0), &[]) };
    let never_opened = Session { newest_after: None, ..session(Now, (0, 0), &[]) };
    let table = [
        ("a hole", vec![session(After(0), (0, 0), &[1, 2, 4, 5])], Violation::Gap(4)),
        ("a hole at the start", vec![session(After(0), (0, 0), &[2, 3, 4, 5])], Violation::Gap(2)),
        ("a repetition", vec![session(After(0), (0, 0), &[1, 2, 2, 3, 4, 5])], Violation::Repeated(2)),
        ("two in the wrong order", vec![session(After(3), (0, 0), &[5, 4])], Violation::Gap(5)),
        ("back again", vec![session(After(0), (0, 0), &[1, 2, 3, 1])], Violation::Repeated(1)),
        ("before the start", vec![session(After(2), (2, 2), &[2, 3, 4, 5])], Violation::TooEarly(2)),
        (
            "history for whoever asked for news",
            vec![session(Now, (3, 3), &[1, 2, 3, 4, 5])],
            Violation::TooEarly(1),
        ),
        ("news left out", vec![session(Now, (2, 3), &[5])], Violation::Gap(5)),
        ("the end is missing", vec![session(After(0), (0, 0), &[1, 2, 3, 4])], Violation::Missing(5)),
        ("nothing at all", vec![session(Now, (2, 3), &[])], Violation::Missing(4)),
        ("ties left out", vec![session(Since(1_000), (5, 5), &[3, 4, 5])], Violation::Gap(3)),
        (
            "due by its time, left out while opening",
            vec![session(Since(1_001), (3, 5), &[5])],
            Violation::Gap(5),
        ),
        ("before the moment", vec![session(Since(1_001), (5, 5), &[3, 4, 5])], Violation::TooEarly(3)),
        (
            "ties lost in a crash",
            vec![session(After(0), (0, 0), &[1, 2]), session(Since(1_001), (5, 5), &[4, 5])],
            Violation::Gap(4),
        ),
        (
            "the last tie lost in a crash",
            vec![session(After(0), (0, 0), &[1, 2, 3, 4]), session(Since(1_008), (5, 5), &[])],
            Violation::Missing(5),
        ),
        ("an error", vec![failed], Violation::Failed("broken".to_owned())),
        ("somebody else's", vec![foreign], Violation::Foreign(1)),
        ("beyond the end", vec![session(After(5), (5, 5), &[6])], Violation::Foreign(6)),
        ("never open", vec![never_opened], Violation::Missing(1)),
    ];
    for (name, sessions, expected) in table {
        assert_eq!(verdict(sessions), Err(expected), "{name}");
    }
}

#[test]
fn one_bad_reader_among_good_ones_is_caught() {
    let good = Reader { chat: 0, sessions: vec![session(Start::After(0), (0, 0), &[1, 2, 3, 4, 5])] };
    let bad = Reader { chat: 1, sessions: vec![session(Start::After(0), (0, 0), &[1, 2, 3, 4])] };
    let history = History { chats: vec![chat(), chat()], readers: vec![good.clone(), bad, good] };
    assert_eq!(judge(&history), Err(Violation::Missing(5)));
}
