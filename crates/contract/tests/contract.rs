//! What every RPC of the contract has to have, and the tables that change only on purpose.
//!
//! `UPDATE_GOLDEN=1 cargo test -p duologue-contract` writes the golden files anew; review the difference.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::path::Path;

use duologue_contract::errors::{self, Reason};
use duologue_contract::{COMMON_CODES, FILE_DESCRIPTOR_SET, Rpc, Service, openapi};
use prost_reflect::DescriptorPool;
use serde_json::Value;
use tonic::Code;

fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let first = actual.lines().zip(expected.lines()).find(|(actual, expected)| actual != expected);
    assert!(expected == actual, "{name} is not what the contract says; first difference: {first:?}");
}

#[test]
fn routes_codes_and_fields_are_those_of_the_golden_table() {
    let mut table = String::from("# verb\tpath\tRPC\tbody\tpublic\tdeclared codes\tfields\n");
    for rpc in Rpc::ALL {
        let about = rpc.description();
        let codes: Vec<_> = about.codes.iter().map(|code| format!("{code:?}")).collect();
        let fields: Vec<_> = about.fields.iter().map(|field| field.name).collect();
        let _ = writeln!(
            table,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}",
            about.verb,
            about.template,
            about.path,
            if about.has_body { "body" } else { "query" },
            if about.is_public { "public" } else { "token" },
            codes.join(","),
            fields.join(","),
        );
    }
    golden("routes.golden", &table);
}

#[test]
fn the_openapi_document_is_that_of_the_snapshot() {
    golden("openapi.golden.json", openapi());
}

#[test]
fn the_six_routes_of_the_specification_stand_literally() {
    let routes: HashSet<_> = Rpc::ALL.into_iter().map(Rpc::route).collect();
    for route in [
        ("POST", "/v1/register"),
        ("POST", "/v1/login"),
        ("GET", "/v1/profile/{id}"),
        ("GET", "/v1/users/search"),
        ("POST", "/v1/friends/{user_id}/request"),
        ("POST", "/v1/chats/{chat_id}/message"),
    ] {
        assert!(routes.contains(&route), "{route:?}");
    }
}

#[test]
fn every_rpc_of_the_descriptors_is_in_the_table_once() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let described: BTreeSet<_> = pool
        .services()
        .flat_map(|service| {
            let name = service.full_name().to_owned();
            service.methods().map(move |method| format!("/{name}/{}", method.name())).collect::<Vec<_>>()
        })
        .collect();
    let listed: BTreeSet<_> = Rpc::ALL.into_iter().map(|rpc| rpc.path().to_owned()).collect();
    assert_eq!(described, listed);
    assert_eq!(listed.len(), Rpc::ALL.len());
    for rpc in Rpc::ALL {
        assert_eq!(Rpc::from_path(rpc.path()), Some(rpc));
        assert!(rpc.path().contains(rpc.service().name()));
        assert!(rpc.path().ends_with(rpc.method()));
    }
    assert_eq!(Rpc::from_path("/api.auth.v1.AuthService/register"), None);
    assert_eq!(Service::ALL.len(), pool.services().len());
}

#[test]
fn only_the_four_entrances_are_public() {
    let public: Vec<_> = Rpc::ALL.into_iter().filter(|rpc| rpc.is_public()).collect();
    assert_eq!(public, [Rpc::AuthRegister, Rpc::AuthLogin, Rpc::AuthRefresh, Rpc::AuthGetJwks]);
}

#[test]
fn an_rpc_answers_its_own_codes_and_the_common_ones_and_no_other() {
    assert!(Rpc::ChatGetChat.may_answer(Code::NotFound));
    assert!(!Rpc::ChatSendMessage.may_answer(Code::NotFound));
    for rpc in Rpc::ALL {
        assert!(COMMON_CODES.iter().all(|code| rpc.may_answer(*code)));
        assert!(!rpc.may_answer(Code::Internal) && !rpc.may_answer(Code::Unknown));
    }
}

#[test]
fn every_route_is_its_own() {
    let shape = |(verb, template): (&str, &str)| {
        let parts: Vec<_> =
            template.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
        format!("{verb} {}", parts.join("/"))
    };
    let shapes: HashSet<_> = Rpc::ALL.into_iter().map(|rpc| shape(rpc.route())).collect();
    assert_eq!(shapes.len(), Rpc::ALL.len());
    for rpc in Rpc::ALL {
        for name in rpc.route().1.split(['{', '}']).skip(1).step_by(2) {
            assert!(rpc.description().fields.iter().any(|field| field.name == name), "{rpc:?} {name}");
        }
    }
}

#[test]
fn every_reason_has_a_code_and_a_name_of_its_own() {
    let names: HashSet<_> = Reason::all().map(Reason::name).collect();
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let declared = pool.get_enum_by_name("api.errors.v1.Reason").unwrap().values().len();
    assert_eq!(names.len(), declared - 1, "each but REASON_UNSPECIFIED");
    for reason in Reason::all() {
        assert_ne!(reason.code(), Code::Ok, "{}", reason.name());
        assert_eq!(Reason::from_name(reason.name()), Some(reason));
    }
    assert_eq!(Reason::AlreadyFriends.name(), "ALREADY_FRIENDS");
    assert_eq!(Reason::AlreadyFriends.code(), Code::AlreadyExists);
}

#[test]
fn a_status_carries_its_reason_and_what_belongs_to_it() {
    use tonic_types::StatusExt as _;
    let status = Reason::ChatExists.error("The two have a chat.").with("chat_id", "7").status();
    let info = status.get_details_error_info().unwrap();
    assert_eq!((status.code(), status.message()), (Code::AlreadyExists, "The two have a chat."));
    assert_eq!((info.domain.as_str(), info.reason.as_str()), ("duologue", "CHAT_EXISTS"));
    assert_eq!(info.metadata["chat_id"], "7");
    assert_eq!(errors::reason_of(&status), Some(Reason::ChatExists));
    assert_eq!(errors::reason_of(&tonic::Status::internal("")), None);
}

#[test]
fn the_openapi_document_is_whole() {
    let document: Value = serde_json::from_str(openapi()).unwrap();
    let mut ids = HashSet::new();
    for rpc in Rpc::ALL {
        let (verb, template) = rpc.route();
        let operation = &document["paths"][template][verb.to_lowercase()];
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{rpc:?}");
        assert!(!operation["description"].as_str().unwrap().is_empty(), "{rpc:?} has no comment");
        assert_eq!(operation.get("security").is_some(), rpc.is_public(), "{rpc:?}");
        let answered: HashSet<_> = operation["responses"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|response| response["x-codes"].as_array().into_iter().flatten())
            .map(|code| code.as_str().unwrap().replace('_', ""))
            .collect();
        let implied = COMMON_CODES.iter().filter(|code| {
            !(rpc.is_public() && matches!(code, Code::Unauthenticated | Code::PermissionDenied))
        });
        for code in rpc.codes().iter().chain(implied) {
            assert!(answered.contains(&format!("{code:?}").to_uppercase()), "{rpc:?} {code:?}");
        }
    }
    for reference in openapi().split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

#[test]
fn every_message_field_and_service_has_a_comment() {
    let document: Value = serde_json::from_str(openapi()).unwrap();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(!schema["description"].as_str().unwrap().is_empty(), "{name}");
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            assert!(
                name.starts_with("Error") || !schema["description"].as_str().unwrap().is_empty(),
                "{name}.{field}"
            );
        }
    }
    for tag in document["tags"].as_array().unwrap() {
        assert!(!tag["description"].as_str().unwrap().is_empty(), "{tag}");
    }
}

#[test]
fn secrets_stay_out_of_debug() {
    let request =
        duologue_contract::auth::LoginRequest { email: "a@b.c".into(), password: "hunter22".into() };
    assert_eq!(format!("{request:?}"), r#"LoginRequest { email: "…", password: "…" }"#);
}
