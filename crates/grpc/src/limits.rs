//! How much one user, and one address, may ask for.

mod keyed;
mod slots;

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::Duration;

use duologue_contract::errors::Reason;
use duologue_domain::auth::Email;
use duologue_domain::id::UserId;
use keyed::KeyedLimiter;
pub(crate) use slots::{Slot, Slots};

use crate::status::Refusal;

/// A sustained rate, and how far it may be exceeded for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many calls; at least one.
    pub count: u32,
    /// In which time.
    pub per: Duration,
    /// How many at once after a pause; at least one.
    pub burst: u32,
}

/// How much one user, and one address, may ask for. An absent rate is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls of one signed-in user.
    pub calls_per_user: Option<Rate>,
    /// Calls without a good token from one address.
    pub calls_per_address: Option<Rate>,
    /// Logins, registrations and password changes for one account from one address.
    pub sign_ins_per_account: Option<Rate>,
    /// Logins, registrations and password changes from one address.
    pub sign_ins_per_address: Option<Rate>,
    /// Streams that one user may have open here.
    pub streams_per_user: usize,
}

impl Limits {
    /// Generous: a whole conformance run from one address is never limited.
    #[must_use]
    pub const fn development() -> Self {
        Self {
            calls_per_user: None,
            calls_per_address: None,
            sign_ins_per_account: None,
            sign_ins_per_address: None,
            streams_per_user: 1_000,
        }
    }

    /// The numbers of the specification for production.
    #[must_use]
    pub const fn production() -> Self {
        let calls = Rate { count: 50, per: Duration::from_secs(1), burst: 100 };
        let minute = Duration::from_mins(1);
        Self {
            calls_per_user: Some(calls),
            calls_per_address: Some(calls),
            sign_ins_per_account: Some(Rate { count: 10, per: minute, burst: 10 }),
            sign_ins_per_address: Some(Rate { count: 100, per: minute, burst: 100 }),
            streams_per_user: 20,
        }
    }
}

/// Whose password is being tried.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Account<'a> {
    /// Whoever has this address, if anybody.
    Email(&'a Email),
    /// The signed-in user.
    User(UserId),
}

/// Counts calls, and refuses those beyond the limits.
pub(crate) struct Limiters {
    users: KeyedLimiter<UserId>,
    addresses: KeyedLimiter<Network>,
    /// By a keyed hash of account and address: small, and no e-mail address is kept.
    sign_ins: KeyedLimiter<u64>,
    sign_in_addresses: KeyedLimiter<Network>,
    hasher: RandomState,
}

impl Limiters {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            users: KeyedLimiter::new(limits.calls_per_user),
            addresses: KeyedLimiter::new(limits.calls_per_address),
            sign_ins: KeyedLimiter::new(limits.sign_ins_per_account),
            sign_in_addresses: KeyedLimiter::new(limits.sign_ins_per_address),
            hasher: RandomState::new(),
        }
    }

    /// Counts a call of a signed-in user.
    pub(crate) fn call_by_user(&self, user_id: UserId) -> Result<(), Refusal> {
        self.users.check(&user_id).map_err(limited)
    }

    /// Counts a call that nobody signed.
    pub(crate) fn call_from_address(&self, address: Option<IpAddr>) -> Result<(), Refusal> {
        self.addresses.check(&Network::of(address)).map_err(limited)
    }

    /// Counts a password that is about to be tried.
    ///
    /// Counted are account **and** address together: whoever guesses slows neither the owner elsewhere nor other
    /// users. Right and wrong passwords, known and unknown accounts count alike, so that nothing can be learnt.
    pub(crate) fn sign_in(&self, account: Account<'_>, address: Option<IpAddr>) -> Result<(), Refusal> {
        let network = Network::of(address);
        self.sign_in_addresses.check(&network).map_err(limited)?;
        let key = match account {
            Account::Email(email) => self.hasher.hash_one((email.key(), network)),
            Account::User(user_id) => self.hasher.hash_one((user_id, network)),
        };
        self.sign_ins.check(&key).map_err(limited)
    }
}

fn limited(wait: Duration) -> Refusal {
    Refusal::with(Reason::RateLimited.error("too many calls in too short a time").retry_after(wait).status())
}

/// What counts as one address: an IPv4 address, or the /64 that one IPv6 host can choose its addresses from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Network {
    Unknown,
    V4(u32),
    V6([u16; 4]),
}

impl Network {
    fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Unknown,
            Some(IpAddr::V4(address)) => Self::V4(address.to_bits()),
            Some(IpAddr::V6(address)) => {
                let [first, second, third, fourth, ..] = address.segments();
                Self::V6([first, second, third, fourth])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use duologue_contract::errors::reason_of;

    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    #[test]
    fn one_host_is_one_address_however_it_is_written() {
        assert_eq!(Network::of(address("192.0.2.1")), Network::of(address("::ffff:192.0.2.1")));
        assert_eq!(Network::of(address("2001:db8::1")), Network::of(address("2001:db8::ffff")));
        assert_ne!(Network::of(address("2001:db8::1")), Network::of(address("2001:db8:0:1::1")));
    }

    #[test]
    fn guessing_slows_that_account_from_that_address_and_nobody_else() {
        let limiters = Limiters::new(&Limits::production());
        let victim: Email = "ada@example.org".parse().expect("an address");
        let same: Email = "ADA@example.org".parse().expect("an address");
        let other: Email = "eve@example.org".parse().expect("an address");
        for _ in 0..10 {
            limiters.sign_in(Account::Email(&victim), address("192.0.2.1")).expect("within the limit");
        }
        let refused =
            limiters.sign_in(Account::Email(&same), address("192.0.2.1")).expect_err("beyond the limit");
        assert_eq!(reason_of(&refused.into_status()), Some(Reason::RateLimited));
        limiters.sign_in(Account::Email(&victim), address("192.0.2.2")).expect("the owner, elsewhere");
        limiters.sign_in(Account::Email(&other), address("192.0.2.1")).expect("another account");
    }

    #[test]
    fn development_limits_nothing() {
        let limiters = Limiters::new(&Limits::development());
        for _ in 0..10_000 {
            limiters.call_from_address(None).expect("no limit");
        }
    }
}
