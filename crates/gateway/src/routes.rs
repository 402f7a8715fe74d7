//! The route table, made from the contract: path and verb in, RPC and path parameters out.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use duologue_contract::Rpc;

use crate::percent::{Malformed, decode_segment};

/// What is behind a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Rpc(Rpc),
    Page(Page),
}

/// What the gateway answers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    OpenApi,
    Docs,
    Health,
    Ready,
}

/// Path parameters by their field's name, decoded.
pub(crate) type Parameters = Vec<(&'static str, String)>;

/// What became of looking for a route.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Route(Target, Parameters),
    /// `OPTIONS`: the verbs that the path has.
    Options(String),
    /// The path has no such verb; it has these.
    OtherVerbs(String),
    Malformed,
    Nothing,
}

struct Route {
    verb: &'static str,
    segments: Vec<Segment>,
    target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    // Before Parameter: a literal segment is the better match.
    Literal(&'static str),
    Parameter(&'static str),
}

/// Routes, those with literal segments before those with parameters in the same place.
static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let rpcs = Rpc::ALL.into_iter().map(|rpc| (rpc.route(), Target::Rpc(rpc)));
    let pages = [
        ("/openapi.json", Page::OpenApi),
        ("/docs", Page::Docs),
        ("/healthz", Page::Health),
        ("/readyz", Page::Ready),
    ];
    let pages = pages.into_iter().map(|(path, page)| (("GET", path), Target::Page(page)));
    let mut routes: Vec<_> = rpcs
        .chain(pages)
        .map(|((verb, template), target)| Route { verb, segments: parse(template), target })
        .collect();
    routes.sort_by_key(|route| {
        route.segments.iter().map(|segment| matches!(segment, Segment::Parameter(_))).collect::<Vec<_>>()
    });
    routes
});

fn parse(template: &'static str) -> Vec<Segment> {
    let segments = template.split('/').skip(1);
    let parameter = |segment: &'static str| segment.strip_prefix('{')?.strip_suffix('}');
    segments.map(|segment| parameter(segment).map_or(Segment::Literal(segment), Segment::Parameter)).collect()
}

/// Finds the route of a path, percent-encoded as it came. `HEAD` is `GET`, whose body hyper leaves out.
pub(crate) fn find(verb: &str, path: &str) -> Found {
    let segments: Vec<_> = path.split('/').skip(1).map(decode_segment).collect();
    let verb = if verb == "HEAD" { "GET" } else { verb };
    let mut verbs = BTreeSet::new();
    for route in ROUTES.iter().filter(|route| fits(route, &segments)) {
        if route.verb == verb {
            return match parameters(route, segments) {
                Ok(parameters) => Found::Route(route.target, parameters),
                Err(Malformed) => Found::Malformed,
            };
        }
        verbs.insert(route.verb);
    }
    if verbs.is_empty() {
        return Found::Nothing;
    }
    if verbs.contains("GET") {
        verbs.insert("HEAD");
    }
    verbs.insert("OPTIONS");
    let allow = verbs.into_iter().collect::<Vec<_>>().join(", ");
    if verb == "OPTIONS" { Found::Options(allow) } else { Found::OtherVerbs(allow) }
}

fn fits(route: &Route, segments: &[Result<String, Malformed>]) -> bool {
    route.segments.len() == segments.len()
        && route.segments.iter().zip(segments).all(|(expected, actual)| match expected {
            Segment::Literal(literal) => actual.as_deref() == Ok(*literal),
            Segment::Parameter(_) => true,
        })
}

fn parameters(route: &Route, segments: Vec<Result<String, Malformed>>) -> Result<Parameters, Malformed> {
    let pairs = route.segments.iter().zip(segments);
    let parameters = pairs.filter_map(|(expected, actual)| match expected {
        Segment::Literal(_) => None,
        Segment::Parameter(name) => Some(actual.map(|value| (*name, value))),
    });
    parameters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(verb: &str, path: &str) -> Option<(Target, Vec<String>)> {
        match find(verb, path) {
            Found::Route(target, parameters) => {
                Some((target, parameters.into_iter().map(|(_, value)| value).collect()))
            }
            _ => None,
        }
    }

    #[test]
    fn every_rpc_is_found_by_its_own_template() {
        for rpc in Rpc::ALL {
            let (verb, template) = rpc.route();
            let path = template.replace(['{', '}'], "-");
            assert_eq!(route(verb, &path).map(|(target, _)| target), Some(Target::Rpc(rpc)), "{rpc:?}");
        }
    }

    #[test]
    fn a_literal_segment_wins_over_a_parameter() {
        let found = route("GET", "/v1/friends/requests").map(|(target, _)| target);
        assert_eq!(found, Some(Target::Rpc(Rpc::SocialListRequests)));
        let expected = "DELETE, GET, HEAD, OPTIONS".to_owned();
        assert_eq!(find("PUT", "/v1/friends/requests"), Found::OtherVerbs(expected));
    }

    #[test]
    fn an_encoded_slash_splits_nothing() {
        let (target, values) = route("GET", "/v1/profile/a%2Fb%252F").unwrap();
        assert_eq!((target, values), (Target::Rpc(Rpc::UserGetProfileById), vec!["a/b%2F".to_owned()]));
        assert_eq!(find("GET", "/v1/profile/a/b"), Found::Nothing);
    }

    #[test]
    fn broken_encoding_is_malformed_in_a_parameter_and_nothing_elsewhere() {
        assert_eq!(find("GET", "/v1/profile/%zz"), Found::Malformed);
        assert_eq!(find("GET", "/v1/profile%zz/1"), Found::Nothing);
    }

    #[test]
    fn verbs_and_paths_are_exact() {
        assert_eq!(find("POST", "/V1/login"), Found::Nothing);
        assert_eq!(find("POST", "/v1/login/"), Found::Nothing);
        assert_eq!(find("GET", "/v1/login"), Found::OtherVerbs("OPTIONS, POST".to_owned()));
        assert_eq!(find("OPTIONS", "/v1/login"), Found::Options("OPTIONS, POST".to_owned()));
        assert_eq!(find("GET", "*"), Found::Nothing);
    }
}
