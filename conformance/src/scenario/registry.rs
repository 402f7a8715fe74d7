//! What a scenario is, and the list of all.

use std::fmt;

use duologue_contract::{Rpc, Service};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tonic::Code;

use crate::door::code_name;
use crate::target::Capability;
use crate::world::{Outcome, World};

/// How much a deployment owes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// The contract demands it.
    Must,
    /// A good deployment does it.
    Should,
}

/// An RPC and a code that a scenario asserts; `None` stands for whichever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The RPC.
    pub rpc: Option<Rpc>,
    /// The number of the code.
    pub code: Option<i32>,
}

impl Cell {
    /// One RPC and one code.
    #[must_use]
    pub const fn new(rpc: Rpc, code: Code) -> Self {
        Self { rpc: Some(rpc), code: Some(code as i32) }
    }

    /// One code, of whichever RPC.
    #[must_use]
    pub const fn any(code: Code) -> Self {
        Self { rpc: None, code: Some(code as i32) }
    }

    /// Any RPC and code.
    pub const ANY: Self = Self { rpc: None, code: None };

    /// Whether an asserted cell fulfils this claim.
    #[must_use]
    pub fn is_met_by(self, asserted: Self) -> bool {
        (self.rpc.is_none() || self.rpc == asserted.rpc)
            && (self.code.is_none() || self.code == asserted.code)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rpc {
            Some(rpc) => {
                let service = format!("{:?}", rpc.service());
                write!(formatter, "{service}.{}", rpc.method())?;
            }
            None => formatter.write_str("*")?,
        }
        match self.code {
            Some(code) => write!(formatter, ":{}", code_name(Code::from_i32(code))),
            None => formatter.write_str(":*"),
        }
    }
}

/// Claims of a scenario: `cells![AuthLogin: Ok, AuthLogin: Unauthenticated]`.
#[macro_export]
macro_rules! cells {
    ($($rpc:ident: $code:ident),* $(,)?) => {
        const { &[$($crate::scenario::Cell::new(::duologue_contract::Rpc::$rpc, ::tonic::Code::$code)),*] }
    };
}

/// The function of a scenario as the registry holds it: `run!(register_login)`.
#[macro_export]
macro_rules! run {
    ($function:path) => {
        |world| ::std::boxed::Box::pin($function(world))
    };
}

/// A scenario's function.
pub type Run = for<'a> fn(&'a World) -> BoxFuture<'a, Outcome>;

/// Something that must hold of every deployment.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Stable id: `family.name`.
    pub id: &'static str,
    /// How much a deployment owes it.
    pub level: Level,
    /// What must hold, in the words of RFC 2119.
    pub sentence: &'static str,
    /// The cells that it asserts.
    pub covers: &'static [Cell],
    /// What a deployment has to have for it.
    pub needs: &'static [Capability],
    /// Services that it uses without claiming a cell of them.
    pub uses: &'static [Service],
    /// The function.
    pub run: Run,
}

impl Scenario {
    /// One that the contract demands.
    #[must_use]
    pub const fn must(id: &'static str, sentence: &'static str, covers: &'static [Cell], run: Run) -> Self {
        Self { id, level: Level::Must, sentence, covers, needs: &[], uses: &[], run }
    }

    /// One that a good deployment keeps.
    #[must_use]
    pub const fn should(id: &'static str, sentence: &'static str, covers: &'static [Cell], run: Run) -> Self {
        Self { id, level: Level::Should, sentence, covers, needs: &[], uses: &[], run }
    }

    /// With what a deployment has to have for it.
    #[must_use]
    pub const fn needs(mut self, needs: &'static [Capability]) -> Self {
        self.needs = needs;
        self
    }

    /// With services that it uses without claiming a cell of them.
    #[must_use]
    pub const fn uses(mut self, uses: &'static [Service]) -> Self {
        self.uses = uses;
        self
    }

    /// The part of the id before the dot.
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.id.split('.').next().unwrap_or(self.id)
    }
}
