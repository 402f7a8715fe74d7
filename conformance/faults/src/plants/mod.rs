//! The decorators: one function for each fault, from a sound composition to a faulty one.

use duologue_contract::Rpc;

use crate::composition::Composition;

type Function = Box<dyn Fn(Composition) -> Composition + Send + Sync>;

/// A fault, planted once or in several places in turn.
pub struct Plant {
    /// Names the fault, as in the catalogue.
    pub id: &'static str,
    /// Each of these has to be caught; none if it is not planted yet.
    pub variants: Vec<Variant>,
    /// Why it is not planted, or not run.
    pub not_run: Option<&'static str>,
}

/// A fault in one place.
pub struct Variant {
    /// Which place, if there are several.
    pub name: String,
    function: Function,
}

impl Variant {
    /// The composition with the fault in it.
    #[must_use]
    pub fn plant(&self, composition: Composition) -> Composition {
        (self.function)(composition)
    }
}

impl Plant {
    pub(crate) fn new(
        id: &'static str,
        function: impl Fn(Composition) -> Composition + Send + Sync + 'static,
    ) -> Self {
        let variant = Variant { name: String::new(), function: Box::new(function) };
        Self { id, variants: vec![variant], not_run: None }
    }

    /// The fault in one RPC after the other.
    pub(crate) fn each(
        id: &'static str,
        rpcs: impl IntoIterator<Item = Rpc>,
        function: impl Fn(Composition, Rpc) -> Composition + Copy + Send + Sync + 'static,
    ) -> Self {
        let variant = |rpc: Rpc| Variant {
            name: format!("{rpc:?}"),
            function: Box::new(move |composition| function(composition, rpc)),
        };
        Self { id, variants: rpcs.into_iter().map(variant).collect(), not_run: None }
    }

    pub(crate) const fn not_run(id: &'static str, reason: &'static str) -> Self {
        Self { id, variants: Vec::new(), not_run: Some(reason) }
    }
}

/// Every fault.
#[must_use]
pub fn all() -> Vec<Plant> {
    [pending()].into_iter().flatten().collect()
}

/// Finds a fault.
#[must_use]
pub fn find(id: &str) -> Option<Plant> {
    all().into_iter().find(|plant| plant.id == id)
}

/// The faults that are not planted or not run yet, and why.
fn pending() -> Vec<Plant> {
    vec![]
}
