//! A page of messages over REST, by hand with axum and serde: it proves the caller, asks the use case, writes the same bytes.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use duologue_contract::Timestamp;
use duologue_domain::auth::{Authenticator, Caller};
use duologue_domain::chat::{self, Message, MessageOrder};
use duologue_domain::id::{ChatId, MessageId, UserId};
use duologue_domain::page::PageRequest;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize, Serializer};

use crate::world::World;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageJson<'a> {
    messages: Vec<MessageJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageJson<'a> {
    #[serde(serialize_with = "text")]
    message_id: MessageId,
    #[serde(serialize_with = "text")]
    chat_id: ChatId,
    #[serde(serialize_with = "text")]
    sender_id: UserId,
    text: &'a str,
    #[serde(serialize_with = "text")]
    create_time: Timestamp,
    #[serde(serialize_with = "text")]
    sequence: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_message_id: Option<&'a str>,
}

fn text<T: std::fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

impl<'a> From<&'a Message> for MessageJson<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            message_id: message.message_id,
            chat_id: message.chat_id,
            sender_id: message.sender_id,
            text: message.text.as_str(),
            create_time: Timestamp::from_unix_micros(message.create_time.unix_micros()),
            sequence: message.sequence.0,
            client_message_id: message.client_message_id.as_ref().map(chat::ClientMessageId::as_str),
        }
    }
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    limit: i32,
    cursor: Option<String>,
}

#[derive(Clone)]
struct Handler {
    chat: chat::Service,
    authenticator: Authenticator,
    /// Set where nobody is asked for a token.
    anybody: Option<Caller>,
}

/// The route that lists messages, by hand.
pub fn router(world: &World) -> Router {
    with(world, None)
}

/// The same for `anybody`, who needs no token.
pub fn router_without_authentication(world: &World, anybody: Caller) -> Router {
    with(world, Some(anybody))
}

fn with(world: &World, anybody: Option<Caller>) -> Router {
    let handler = Handler { chat: world.chat.clone(), authenticator: world.authenticator.clone(), anybody };
    Router::new().route("/v1/chats/{chat_id}/messages", get(list_messages)).with_state(handler)
}

async fn list_messages(
    State(handler): State<Handler>,
    Path(chat_id): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<Response, StatusCode> {
    let caller = if let Some(caller) = handler.anybody {
        caller
    } else {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|header| header.strip_prefix("Bearer "));
        let token = token.ok_or(StatusCode::UNAUTHORIZED)?;
        handler.authenticator.authenticate(token).await.map_err(|_| StatusCode::UNAUTHORIZED)?
    };
    let chat_id: ChatId = chat_id.parse().map_err(|_| StatusCode::BAD_REQUEST)?;
    let request =
        PageRequest::parse(parameters.limit, parameters.cursor).map_err(|_| StatusCode::BAD_REQUEST)?;
    let page = handler.chat.list_messages(&caller, chat_id, MessageOrder::NewestFirst, &request).await;
    let page = page.map_err(|_| StatusCode::FORBIDDEN)?;
    let json = PageJson {
        messages: page.items.iter().map(MessageJson::from).collect(),
        next_cursor: page.next_cursor.as_ref().map(duologue_domain::page::Cursor::as_str),
    };
    let bytes = serde_json::to_vec(&json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(([(CONTENT_TYPE, "application/json")], bytes).into_response())
}
