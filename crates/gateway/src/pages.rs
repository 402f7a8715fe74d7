//! What the gateway answers itself: the contract to read, and how it feels.

use std::time::Duration;

use axum::body::Body;
use duologue_contract::errors::Reason;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, Response};

use crate::error::Refusal;
use crate::routes::Page;
use crate::{Config, NotReady};

/// How long dependencies may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The page brings everything along and talks to nobody but us.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) async fn respond(page: Page, config: &Config) -> Result<Response<Body>, Refusal> {
    match page {
        Page::OpenApi => Ok(text("application/json", duologue_contract::openapi())),
        Page::Docs => {
            let mut response = text("text/html; charset=utf-8", include_str!("docs.html"));
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            Ok(response)
        }
        Page::Health => Ok(text("application/json", r#"{"status":"SERVING"}"#)),
        Page::Ready => ready(config).await,
    }
}

async fn ready(config: &Config) -> Result<Response<Body>, Refusal> {
    let check = async {
        match &config.readiness {
            Some(readiness) => readiness.check().await,
            None => Ok(()),
        }
    };
    let checked = tokio::time::timeout(PATIENCE, check).await;
    match checked.unwrap_or_else(|_| Err(NotReady(vec!["timeout".to_owned()]))) {
        Ok(()) => Ok(text("application/json", r#"{"status":"READY"}"#)),
        Err(NotReady(dependencies)) => {
            let error = Reason::NotReady
                .error("The server is not ready.")
                .with("dependencies", dependencies.join(","));
            Err(error.retry_after(Duration::from_secs(1)).status().into())
        }
    }
}

fn text(content_type: &'static str, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
