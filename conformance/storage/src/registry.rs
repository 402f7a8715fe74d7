//! All cases, by context: the one list that the macro, [`cases`] and [`prove`] go by.

use crate::case::Case;
use crate::fixture::Fixture;

/// Proves an adapter: one test for each case, in a module for each context.
///
/// The first argument is the path of a [`Fixture`] (of a type without fields, or a constant); after a colon come the
/// contexts, and without it all of them are proved: `account` (with sessions),
/// `session`, `profile`, `social`, `chat`, `chat_list`, `notification`, `outbox` (with social, chats or both).
///
/// To be called in a module of its own, in which nothing else has these names.
#[macro_export]
macro_rules! storage_conformance {
    ($fixture:path) => {
        $crate::storage_conformance!(
            $fixture: account, session, profile, social, chat, chat_list, notification, outbox
        );
    };
    ($fixture:path: $($context:ident),+ $(,)?) => {
        #[cfg(test)]
        fn prove_storage(context: &str, name: &str) {
            $crate::prove(&$fixture, context, name);
        }

        $($crate::cases_of!($context [$crate::tests_of]);)+
    };
}

/// A test for each case of a context.
#[doc(hidden)]
#[macro_export]
macro_rules! tests_of {
    ($context:ident: $($name:ident,)+) => {
        #[cfg(test)]
        mod $context {$(
            #[test]
            fn $name() {
                super::prove_storage(::std::stringify!($context), ::std::stringify!($name));
            }
        )+}
    };
}

/// The cases of a context.
macro_rules! table_of {
    ($context:ident: $($name:ident,)+) => {
        [$(Case::new(stringify!($context), stringify!($name), |storage| {
            Box::pin(crate::$context::$name(storage))
        })),+]
    };
}

/// All cases, context by context.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(cases_of!(account[table_of]));
    cases.extend(cases_of!(session[table_of]));
    cases.extend(cases_of!(profile[table_of]));
    cases.extend(cases_of!(social[table_of]));
    cases.extend(cases_of!(chat[table_of]));
    cases.extend(cases_of!(chat_list[table_of]));
    cases.extend(cases_of!(notification[table_of]));
    cases.extend(cases_of!(outbox[table_of]));
    cases
}

/// Proves one case.
///
/// # Panics
/// If the adapter breaks the promise, if there is no such case, and inside an asynchronous runtime.
pub fn prove(fixture: &dyn Fixture, context: &str, name: &str) {
    let case = cases().into_iter().find(|case| (case.context(), case.name()) == (context, name));
    case.unwrap_or_else(|| panic!("there is no case {context}::{name}")).prove(fixture);
}
