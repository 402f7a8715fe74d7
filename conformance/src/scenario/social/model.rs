//! The reference model of friend requests, and random calls compared with it.

use std::collections::BTreeSet;

use duologue_contract::errors::Reason;
use duologue_contract::social::friend_request::Status;
use duologue_contract::social::{
    AcceptFriendRequestRequest, CancelFriendRequestRequest, DeclineFriendRequestRequest, RemoveFriendRequest,
    SendFriendRequestRequest,
};
use futures::StreamExt as _;

use crate::door::Call;
use crate::world::{CallResult, Outcome, Person, Stop, World};

/// One call: by whom, and to whom or on which of the requests made so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Ask(usize, usize),
    Accept(usize, usize),
    Decline(usize, usize),
    Cancel(usize, usize),
    Remove(usize, usize),
}

/// Random calls of three people. Requests are counted from the newest.
pub(super) fn random_steps(world: &World, count: usize) -> Vec<Step> {
    let random = world.random();
    let step = |_| {
        let (one, other) = (random.below(3), random.below(3));
        let (to, request) =
            (if random.below(12) == 0 { one } else { (one + 1 + other % 2) % 3 }, random.below(4) / 2);
        match random.below(12) {
            0..=3 => Step::Ask(one, to),
            4..=6 => Step::Accept(one, request),
            7 | 8 => Step::Decline(one, request),
            9 => Step::Cancel(one, request),
            _ => Step::Remove(one, to),
        }
    };
    (0..count).map(step).collect()
}

/// What a call came to: the state of the request it answers, or the reason why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Came {
    To(Status),
    Removed,
    Refused(Option<String>),
}

fn refused(reason: Reason) -> Came {
    Came::Refused(Some(reason.name().to_owned()))
}

/// Makes the call; `None` when there is no such request yet.
pub(super) async fn take(
    world: &World,
    people: &[Person; 3],
    requests: &mut Vec<String>,
    step: Step,
) -> Outcome<Option<Came>> {
    let id = |back: usize| requests.len().checked_sub(back + 1).map(|index| requests[index].clone());
    let user = |index: usize| people[index].user_id.clone();
    let came = match step {
        Step::Ask(by, to) => {
            let request = SendFriendRequestRequest { user_id: user(to) };
            let result = world.call(&people[by], &request).await;
            if let Ok(request) = &result {
                requests.push(request.request_id.clone());
            }
            came::<SendFriendRequestRequest>(world, result, |request| Came::To(request.status()))?
        }
        Step::Accept(by, back) => {
            let Some(request_id) = id(back) else { return Ok(None) };
            let result = world.call(&people[by], &AcceptFriendRequestRequest { request_id }).await;
            came::<AcceptFriendRequestRequest>(world, result, |request| Came::To(request.status()))?
        }
        Step::Decline(by, back) => {
            let Some(request_id) = id(back) else { return Ok(None) };
            let result = world.call(&people[by], &DeclineFriendRequestRequest { request_id }).await;
            came::<DeclineFriendRequestRequest>(world, result, |request| Came::To(request.status()))?
        }
        Step::Cancel(by, back) => {
            let Some(request_id) = id(back) else { return Ok(None) };
            let result = world.call(&people[by], &CancelFriendRequestRequest { request_id }).await;
            came::<CancelFriendRequestRequest>(world, result, |request| Came::To(request.status()))?
        }
        Step::Remove(by, whom) => {
            let result = world.call(&people[by], &RemoveFriendRequest { user_id: user(whom) }).await;
            came::<RemoveFriendRequest>(world, result, |_| Came::Removed)?
        }
    };
    Ok(Some(came))
}

fn came<T: Call>(
    world: &World,
    result: CallResult<T::Reply>,
    of: impl Fn(&T::Reply) -> Came,
) -> Outcome<Came> {
    match result {
        Err(failure) if failure.is_transport => Err(world.stopped(T::RPC, "", &failure)),
        Err(failure) => Ok(Came::Refused(failure.reason.clone())),
        ok => Ok(of(&world.expect_ok::<T>(ok)?)),
    }
}

/// The reference model: every request with its state, and who are friends.
#[derive(Debug, Clone, Default)]
struct Model {
    requests: Vec<(usize, usize, Status)>,
    friends: BTreeSet<(usize, usize)>,
}

fn pair(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}

impl Model {
    /// What a step has to come to; `None` when there is no such request yet.
    fn take(&mut self, step: Step) -> Option<Came> {
        Some(match step {
            Step::Ask(by, to) => self.ask(by, to),
            Step::Accept(by, back) => self.settle(by, back, Status::Accepted)?,
            Step::Decline(by, back) => self.settle(by, back, Status::Declined)?,
            Step::Cancel(by, back) => self.settle(by, back, Status::Canceled)?,
            Step::Remove(by, whom) if self.friends.remove(&pair(by, whom)) => Came::Removed,
            Step::Remove(..) => refused(Reason::NotFriends),
        })
    }

    fn ask(&mut self, by: usize, to: usize) -> Came {
        let pending = |from, to| self.requests.contains(&(from, to, Status::Pending));
        if by == to {
            refused(Reason::SelfRequest)
        } else if self.friends.contains(&pair(by, to)) {
            refused(Reason::AlreadyFriends)
        } else if pending(by, to) {
            refused(Reason::FriendRequestPending)
        } else if pending(to, by) {
            refused(Reason::ReverseRequestPending)
        } else {
            self.requests.push((by, to, Status::Pending));
            Came::To(Status::Pending)
        }
    }

    fn settle(&mut self, by: usize, back: usize, status: Status) -> Option<Came> {
        let index = self.requests.len().checked_sub(back + 1)?;
        let (from, to, now) = self.requests[index];
        let (owner, refusal) =
            if status == Status::Canceled { (from, Reason::NotSender) } else { (to, Reason::NotRecipient) };
        Some(if by != owner {
            refused(refusal)
        } else if now == status {
            Came::To(status)
        } else if now == Status::Pending {
            self.requests[index].2 = status;
            if status == Status::Accepted {
                self.friends.insert(pair(from, to));
            }
            Came::To(status)
        } else {
            refused(Reason::FriendRequestNotPending)
        })
    }

    fn friends_of(&self, person: usize) -> BTreeSet<usize> {
        let of = |&(one, other): &(usize, usize)| match person {
            _ if person == one => Some(other),
            _ if person == other => Some(one),
            _ => None,
        };
        self.friends.iter().filter_map(of).collect()
    }

    fn incoming_of(&self, person: usize) -> BTreeSet<usize> {
        let mine = |(_, to, status): &&(usize, usize, Status)| *to == person && *status == Status::Pending;
        self.requests.iter().filter(mine).map(|(from, _, _)| *from).collect()
    }
}

/// Sequences, and the longest of them.
const SEQUENCES: usize = 64;
const LONGEST: usize = 40;
/// How many times a failing sequence is tried shorter.
const SHRINKS: usize = 120;

pub(super) async fn model(world: &World) -> Outcome {
    let sequences: Vec<_> =
        (0..SEQUENCES).map(|_| random_steps(world, 5 + world.random().below(LONGEST - 4))).collect();
    let mut running = futures::stream::iter(sequences)
        .map(|steps| async move { (deviation(world, &steps).await, steps) })
        .buffer_unordered(4);
    let mut failing = None;
    while let Some((found, steps)) = running.next().await {
        if let Some(found) = found? {
            failing = Some((found, steps));
            break;
        }
    }
    // The others are not waited for any more: what they hold, all scenarios share.
    drop(running);
    if let Some((found, steps)) = failing {
        let (found, steps) = shrunk(world, found, steps).await?;
        world.check(false, || format!("{found}; the shortest sequence that shows it: {steps:?}"));
        return Err(Stop::Violated);
    }
    // Chance may have left something out: each success once.
    let fixed = [
        Step::Ask(0, 1),
        Step::Accept(1, 0),
        Step::Remove(0, 1),
        Step::Ask(1, 0),
        Step::Decline(0, 0),
        Step::Ask(2, 1),
        Step::Cancel(2, 0),
    ];
    let found = deviation(world, &fixed).await?;
    world.check(found.is_none(), || format!("{found:?} in {fixed:?}"));
    Ok(())
}

/// Runs a sequence with new people and tells the first difference from the model.
async fn deviation(world: &World, steps: &[Step]) -> Outcome<Option<String>> {
    let people: [Person; 3] = world.people().await?;
    let (mut model, mut requests) = (Model::default(), Vec::new());
    for (number, step) in steps.iter().enumerate() {
        let (found, expected) = (take(world, &people, &mut requests, *step).await?, model.take(*step));
        if found != expected {
            return Ok(Some(format!("step {number}, {step:?}: expected {expected:?}, found {found:?}")));
        }
        let is_last = number + 1 == steps.len();
        for index in 0..people.len() {
            if (is_last || index == number % people.len())
                && let Some(found) = lists_differ(world, &people, &model, index).await?
            {
                return Ok(Some(format!("after step {number}, {step:?}: {found}")));
            }
        }
    }
    Ok(None)
}

async fn lists_differ(
    world: &World,
    people: &[Person; 3],
    model: &Model,
    index: usize,
) -> Outcome<Option<String>> {
    let of = |indices: BTreeSet<usize>| -> BTreeSet<String> {
        indices.into_iter().map(|index| people[index].user_id.clone()).collect()
    };
    let friends = world.friends(&people[index]).await?;
    let incoming: Vec<_> =
        world.incoming(&people[index]).await?.into_iter().map(|request| request.from_user_id).collect();
    for (what, found, expected) in [
        ("friends", friends, of(model.friends_of(index))),
        ("incoming requests", incoming, of(model.incoming_of(index))),
    ] {
        if found.len() != expected.len() || found.iter().cloned().collect::<BTreeSet<_>>() != expected {
            return Ok(Some(format!(
                "{what} of person {index}: {} expected, {} found",
                expected.len(),
                found.len()
            )));
        }
    }
    Ok(None)
}

/// Leaves out one step after the other as long as the sequence still fails.
async fn shrunk(world: &World, mut found: String, mut steps: Vec<Step>) -> Outcome<(String, Vec<Step>)> {
    let (mut tries, mut index) = (0, 0);
    while index < steps.len() && tries < SHRINKS {
        let mut fewer = steps.clone();
        fewer.remove(index);
        tries += 1;
        match deviation(world, &fewer).await? {
            Some(still) => (found, steps) = (still, fewer),
            None => index += 1,
        }
    }
    Ok((found, steps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_knows_the_rules_that_are_easily_broken() {
        let mut model = Model::default();
        let mut came = |step| model.take(step);
        assert_eq!(came(Step::Accept(0, 0)), None);
        assert_eq!(came(Step::Ask(0, 0)), Some(refused(Reason::SelfRequest)));
        assert_eq!(came(Step::Ask(0, 1)), Some(Came::To(Status::Pending)));
        assert_eq!(came(Step::Ask(1, 0)), Some(refused(Reason::ReverseRequestPending)));
        assert_eq!(came(Step::Accept(2, 0)), Some(refused(Reason::NotRecipient)));
        assert_eq!(came(Step::Accept(1, 0)), Some(Came::To(Status::Accepted)));
        assert_eq!(came(Step::Decline(1, 0)), Some(refused(Reason::FriendRequestNotPending)));
        assert_eq!(came(Step::Remove(0, 1)), Some(Came::Removed));
        assert_eq!(came(Step::Accept(1, 0)), Some(Came::To(Status::Accepted)), "answered again");
        assert_eq!(came(Step::Remove(0, 1)), Some(refused(Reason::NotFriends)), "and not brought back");
    }
}
