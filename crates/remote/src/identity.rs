//! Who this service is to the others, and how every call to them is made.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use duologue_contract::context::CallContext;
use duologue_contract::errors::Reason;
use duologue_domain::{Environment, StorageError};
use duologue_platform::token::ServiceTokens;
use http::HeaderValue;
use tonic::{Code, Request, Response, Status};

use crate::retry::{Repeatable, RetryBudget, retry};

/// How long a call to another service may take, if whoever waits for it has not less time.
const LONGEST: Duration = Duration::from_secs(5);

/// Who this service is to the others of its deployment.
#[derive(Clone)]
pub struct ServiceIdentity {
    name: String,
    tokens: ServiceTokens,
    environment: Environment,
    budget: RetryBudget,
}

impl ServiceIdentity {
    /// The service of this name, whose tokens the others accept.
    #[must_use]
    pub fn new(name: &str, tokens: ServiceTokens, environment: Environment, budget: RetryBudget) -> Self {
        Self { name: name.to_owned(), tokens, environment, budget }
    }

    /// What shows that this service calls.
    pub(crate) fn token(&self) -> Result<HeaderValue, Status> {
        let token = self.issue().and_then(|token| HeaderValue::try_from(token).map_err(Into::into));
        token.map_err(|error| {
            tracing::error!(error = &*error as &dyn Error, "the identity of the service cannot be shown");
            Reason::Internal.status("something went wrong on our side")
        })
    }

    fn issue(&self) -> Result<String, Box<dyn Error + Send + Sync>> {
        Ok(self.tokens.issue(&self.name, self.environment.now())?)
    }

    pub(crate) fn budget(&self) -> &RetryBudget {
        &self.budget
    }

    /// Asks another service, again if it does not answer: all that services ask each other can be repeated.
    pub(crate) async fn ask<In, Out, Called>(
        &self,
        message: In,
        mut call: impl FnMut(Request<In>) -> Called,
    ) -> Result<Out, StorageError>
    where
        In: Clone,
        Called: Future<Output = Result<Response<Out>, Status>>,
    {
        let token = self.issue().map_err(StorageError::Broken)?;
        let credential = format!("Bearer {token}").parse().map_err(|_| broken("the token is no header"))?;
        let context = CallContext::current();
        let asked = retry(&self.budget, Repeatable::Yes, || {
            let mut request = Request::new(message.clone());
            request.metadata_mut().insert("authorization", Clone::clone(&credential));
            context.write(request.metadata_mut(), LONGEST);
            call(request)
        });
        asked.await.map(Response::into_inner).map_err(failed)
    }
}

/// What a refusal of another service means here: a bug where it says so, or where our question was none.
fn failed(status: Status) -> StorageError {
    match status.code() {
        Code::Internal | Code::InvalidArgument | Code::Unknown => StorageError::Broken(status.into()),
        _ => StorageError::ServiceUnavailable(status.into()),
    }
}

pub(crate) fn broken(what: &'static str) -> StorageError {
    StorageError::Broken(what.into())
}

/// Never shows the key.
impl fmt::Debug for ServiceIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServiceIdentity").field("name", &self.name).finish_non_exhaustive()
    }
}
