//! What a proxy, a cache or a careless layer of HTTP does to answers.

use serde_json::Value;

use crate::door::{HttpRequest, HttpResponse};

/// A fault on the wire.
#[derive(Debug, Clone, Copy)]
pub struct WireFault {
    /// Names it.
    pub id: &'static str,
    /// What is wrong.
    pub text: &'static str,
    /// The scenarios that must end in a violation.
    pub caught_by: &'static [&'static str],
    pub(super) change: Change,
}

/// What the proxy does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    /// Changes an answer; the number counts them.
    Reply(fn(&HttpRequest, &mut HttpResponse, u64)),
    /// Answers with what was answered before under the same key.
    Kept(fn(&HttpRequest) -> Option<String>),
    /// Sends a request twice.
    Twice(fn(&HttpRequest) -> bool),
    /// Says what to pass on when one more event has come.
    Events(fn(&mut Vec<Vec<u8>>) -> Vec<u8>),
}

const fn reply(
    id: &'static str,
    caught_by: &'static [&'static str],
    text: &'static str,
    change: fn(&HttpRequest, &mut HttpResponse, u64),
) -> WireFault {
    WireFault { id, text, caught_by, change: Change::Reply(change) }
}

/// Every fault on the wire.
#[must_use]
pub fn all() -> Vec<WireFault> {
    [of_errors(), of_pages_and_fields(), of_requests_and_streams()].concat()
}

fn of_errors() -> Vec<WireFault> {
    vec![
        reply("status-changed", &["rest.status_mapping"], "409 becomes 400.", |_, response, _| {
            if response.status == 409 {
                response.status = 400;
            }
        }),
        reply(
            "code-changed",
            &["user.get_unknown_nickname", "social.accept_unknown"],
            "What is not found is told as an error of the server.",
            code_changed,
        ),
        reply(
            "details-lost",
            &["social.accept_unknown", "chat.create_twice"],
            "Errors lose their details, and so their reason.",
            |_, response, _| on_error(response, |error| error["details"] = Value::Array(Vec::new())),
        ),
        reply("page-of-html", &["rest.problem_shape"], "Errors are pages for people.", |_, response, _| {
            if response.status == 404 {
                response.headers.insert("content-type", http::HeaderValue::from_static("text/html"));
                response.body = "<h1>Not found</h1>".into();
            }
        }),
        reply(
            "path-leaked",
            &["chat.get_unknown"],
            "The text of an error names a file of the server.",
            |_, response, _| {
                on_error(response, |error| add(error, " at /srv/messenger/src/handler.rs:48:13"));
            },
        ),
        reply(
            "token-leaked",
            &["social.request_self"],
            "The text of an error repeats the caller's token.",
            |request, response, _| {
                let token = request.headers.iter().find(|(name, _)| name == "authorization");
                let token = token.map(|(_, value)| format!(" for {value}")).unwrap_or_default();
                on_error(response, |error| add(error, &token));
            },
        ),
    ]
}

fn of_pages_and_fields() -> Vec<WireFault> {
    vec![
        reply(
            "item-dropped",
            &["chat.history_pages_exact", "social.list_friends_pages_exact"],
            "A page loses its last item.",
            |_, response, _| on_items(response, |items| drop(items.pop())),
        ),
        reply(
            "items-swapped",
            &["chat.history_round_trip", "social.list_friends_pages_exact"],
            "The first two items of a page change places.",
            |_, response, _| on_items(response, |items| items.swap(0, 1)),
        ),
        reply(
            "cursor-lost",
            &["chat.history_pages_exact", "social.list_friends_pages_exact"],
            "A page does not say that there are more.",
            |_, response, _| {
                on_json(response, |json| {
                    if let Some(fields) = json.as_object_mut() {
                        fields.remove("nextCursor");
                    }
                });
            },
        ),
        reply(
            "absent-filled",
            &["user.create_and_get"],
            "A field that is absent comes as an empty text.",
            |_, response, _| {
                on_json(response, |json| {
                    if let Some(profile) = json.as_object_mut()
                        && profile.contains_key("nickname")
                    {
                        profile.entry("bio").or_insert_with(|| "".into());
                    }
                });
            },
        ),
        reply(
            "text-trimmed",
            &["chat.send_echo"],
            "White space at the end of a text is lost.",
            |_, response, _| {
                on_json(response, |json| {
                    if let Some(Value::String(text)) = json.get_mut("text") {
                        text.truncate(text.trim_end().len());
                    }
                });
            },
        ),
    ]
}

fn of_requests_and_streams() -> Vec<WireFault> {
    vec![
        WireFault {
            id: "cache-shared",
            text: "A cache answers everybody with what somebody was answered.",
            caught_by: &["authz.other_users_resource", "chat.read_your_writes"],
            change: Change::Kept(|request| {
                let is_history = request.method == "GET" && request.path_and_query.contains("/messages");
                is_history.then(|| request.path_and_query.clone())
            }),
        },
        WireFault {
            id: "request-repeated",
            text: "A message is sent twice, by something that tries again unasked.",
            caught_by: &["chat.send_echo", "chat.history_round_trip"],
            change: Change::Twice(|request| {
                request.method == "POST" && request.path_and_query.ends_with("/message")
            }),
        },
        WireFault {
            id: "event-dropped",
            text: "Every seventh event of a stream is lost.",
            caught_by: &["stream.order_matches_list"],
            change: Change::Events(|events| match events.len() % 7 {
                0 => Vec::new(),
                _ => events.last().cloned().unwrap_or_default(),
            }),
        },
        WireFault {
            id: "event-repeated",
            text: "Every event of a stream comes twice.",
            caught_by: &["stream.both_members"],
            change: Change::Events(|events| events.last().map(|event| event.repeat(2)).unwrap_or_default()),
        },
        WireFault {
            id: "event-held-back",
            text: "An event is passed on when the next one comes.",
            caught_by: &["stream.receives_new"],
            change: Change::Events(|events| {
                events.len().checked_sub(2).and_then(|before| events.get(before).cloned()).unwrap_or_default()
            }),
        },
    ]
}

fn code_changed(_: &HttpRequest, response: &mut HttpResponse, _: u64) {
    if response.status == 404 {
        response.status = 500;
        on_error(response, |error| error["code"] = 13.into());
    }
}

fn on_json(response: &mut HttpResponse, change: impl FnOnce(&mut Value)) {
    if let Ok(mut json) = response.json() {
        change(&mut json);
        response.body = json.to_string().into();
    }
}

fn on_error(response: &mut HttpResponse, change: impl FnOnce(&mut Value)) {
    if response.status >= 400 {
        on_json(response, |json| {
            if json.get("details").is_some() {
                change(json);
            }
        });
    }
}

fn add(error: &mut Value, text: &str) {
    if let Some(Value::String(message)) = error.get_mut("message") {
        message.push_str(text);
    }
}

/// Changes the items of a page, if there are two at least.
fn on_items(response: &mut HttpResponse, change: impl FnOnce(&mut Vec<Value>)) {
    on_json(response, |json| {
        let lists = json.as_object_mut().into_iter().flat_map(|fields| fields.values_mut());
        if let Some(items) = lists.filter_map(Value::as_array_mut).find(|items| items.len() > 1) {
            change(items);
        }
    });
}
