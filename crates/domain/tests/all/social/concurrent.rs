//! Calls at once: whatever the interleaving, the outcomes are those of some order one after the other.

use duologue_domain::social::{Direction, Status};
use futures::executor::block_on;

use super::model::{Call, Model, ModelRequest, Outcome};
use super::{PEOPLE, World, number_of};
use crate::support::schedule::{Boxed, Dice, interleave};

/// How many schedules each contest is run under.
const SCHEDULES: u64 = 300;

/// What stood before, and who contends.
struct Contest {
    name: &'static str,
    before: &'static [Call],
    at_once: &'static [Call],
}

const SEND: Call = Call::Send { from: 0, to: 1 };
const SEND_BACK: Call = Call::Send { from: 1, to: 0 };
const ACCEPT: Call = Call::Accept { by: 1, request: 0 };
const DECLINE: Call = Call::Decline { by: 1, request: 0 };
const CANCEL: Call = Call::Cancel { by: 0, request: 0 };
const REMOVE: Call = Call::Remove { by: 0, friend: 1 };
const REMOVE_BACK: Call = Call::Remove { by: 1, friend: 0 };

const CONTESTS: [Contest; 8] = [
    Contest { name: "crossing sends", before: &[], at_once: &[SEND, SEND_BACK, SEND, SEND_BACK] },
    Contest { name: "accept and decline", before: &[SEND], at_once: &[ACCEPT, DECLINE, ACCEPT, DECLINE] },
    Contest { name: "accept and cancel", before: &[SEND], at_once: &[ACCEPT, CANCEL, ACCEPT, CANCEL] },
    Contest { name: "all three answers", before: &[SEND], at_once: &[ACCEPT, DECLINE, CANCEL, SEND_BACK] },
    Contest { name: "accept and remove", before: &[SEND], at_once: &[ACCEPT, REMOVE, ACCEPT, REMOVE_BACK] },
    Contest {
        name: "removal from both sides",
        before: &[SEND, ACCEPT],
        at_once: &[REMOVE, REMOVE_BACK, ACCEPT],
    },
    Contest {
        name: "removal and new request",
        before: &[SEND, ACCEPT],
        at_once: &[REMOVE, SEND, SEND_BACK, ACCEPT],
    },
    Contest {
        name: "others meanwhile",
        before: &[SEND],
        at_once: &[ACCEPT, Call::Send { from: 2, to: 1 }, Call::Send { from: 1, to: 2 }, CANCEL],
    },
];

/// What is left when all have answered: pending requests and friendships, sorted.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    pending: Vec<(usize, usize)>,
    friends: Vec<(usize, usize)>,
}

fn left_by_model(model: &Model) -> Left {
    let pending = model.requests.iter().filter(|request| request.status == Status::Pending);
    let mut pending: Vec<_> = pending.map(|ModelRequest { from, to, .. }| (*from, *to)).collect();
    let mut friends: Vec<_> = model.friends.iter().map(|(one, other, _)| (*one, *other)).collect();
    pending.sort_unstable();
    friends.sort_unstable();
    Left { pending, friends }
}

/// As all three see it: a request that only one side lists is not what any model leaves.
async fn left_by_world(world: &World) -> Left {
    let (mut pending, mut seen_by_recipients, mut friends) = (Vec::new(), Vec::new(), Vec::new());
    for me in 0..PEOPLE {
        let parties = |request: &duologue_domain::social::FriendRequest| {
            (number_of(request.from), number_of(request.to))
        };
        pending.extend(world.requests(me, Direction::Outgoing).await.iter().map(parties));
        seen_by_recipients.extend(world.requests(me, Direction::Incoming).await.iter().map(parties));
        friends.extend(world.friends(me).await.into_iter().map(|friend| (me, friend)));
    }
    pending.sort_unstable();
    seen_by_recipients.sort_unstable();
    friends.sort_unstable();
    assert_eq!(pending, seen_by_recipients, "both sides agree on what is pending");
    Left { pending, friends }
}

fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let shorter = orders(count - 1);
    let with_last = |order: &Vec<usize>, place: usize| {
        let mut order = order.clone();
        order.insert(place, count - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..count).map(move |place| with_last(order, place))).collect()
}

/// Ids of requests that were sent at once are known to nobody: a refusal that names one is compared without it.
fn nameless(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Refused(reason, _) => Outcome::Refused(reason, None),
        other => other,
    }
}

/// Runs a contest under one schedule, and tells how many answers found their request changed.
fn run(contest: &Contest, seed: u64) -> usize {
    let world = World::new(seed);
    let (mut model, mut ids) = (Model::default(), Vec::new());
    for call in contest.before {
        model.call(*call);
        let (outcome, request) = block_on(world.call(*call, &ids));
        ids.extend(request.filter(|_| outcome == Outcome::Sent).map(|request| request.request_id));
    }
    let calls = contest.at_once.iter().map(|call| Box::pin(world.call(*call, &ids)) as Boxed<'_, _>);
    let outcomes = interleave(&mut Dice::new(seed), calls.collect());
    let outcomes: Vec<_> = outcomes.into_iter().map(|(outcome, _)| nameless(outcome)).collect();
    let left = block_on(left_by_world(&world));
    let explained = orders(contest.at_once.len()).into_iter().any(|order| {
        let mut model = model.clone();
        let agrees = |at: usize| {
            let call = contest.at_once[at];
            // Only what was sent before can be named: a request sent at once has no id yet.
            nameless(model.call(call)) == outcomes[at]
        };
        let all_agree = order.into_iter().all(agrees);
        all_agree && left_by_model(&model) == left
    });
    assert!(explained, "{} under schedule {seed}: no order explains {outcomes:?}, {left:?}", contest.name);
    world.store.0.behind(|state| state.stale)
}

#[test]
fn calls_at_once_answer_as_in_some_order() {
    let mut stale = 0;
    for contest in CONTESTS {
        for seed in 0..SCHEDULES {
            stale += run(&contest, seed);
        }
    }
    assert!(stale > 100, "only {stale} answers were overtaken: the schedules do not race");
}
