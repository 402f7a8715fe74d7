//! The people of a scenario: fresh ones every time.

use duologue_contract::auth::{LoginRequest, LoginResponse, RegisterRequest};
use duologue_contract::chat::{CreateDirectChatRequest, Message, SendMessageRequest};
use duologue_contract::social::{
    AcceptFriendRequestRequest, FriendRequest, ListFriendsRequest, ListRequestsRequest, RequestDirection,
    SendFriendRequestRequest,
};
use duologue_contract::user::{CreateProfileRequest, GetProfileByIdRequest, UserProfile};

use super::{Outcome, World};

/// Somebody with an account, and usually a profile.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// Id of the user.
    pub user_id: String,
    /// The address they registered with.
    pub email: String,
    /// Their password.
    pub password: String,
    /// Access token of their session.
    pub access_token: String,
    /// Refresh token of their session.
    pub refresh_token: String,
    /// Their nickname; empty without a profile.
    pub nickname: String,
}

impl Person {
    /// The same person by the tokens of another session.
    #[must_use]
    pub fn in_session(&self, login: &LoginResponse) -> Self {
        Self {
            access_token: login.access_token.clone(),
            refresh_token: login.refresh_token.clone(),
            ..self.clone()
        }
    }

    /// Their credentials.
    #[must_use]
    pub fn credentials(&self) -> LoginRequest {
        LoginRequest { email: self.email.clone(), password: self.password.clone() }
    }
}

impl World {
    /// Remembers a secret that the scenario made up itself.
    pub fn keep_secret(&self, secret: &str) {
        self.session().secrets().keep(secret);
    }

    /// A registration that nobody has made.
    #[must_use]
    pub fn fresh_registration(&self) -> RegisterRequest {
        RegisterRequest { email: self.session().fresh_email(), password: self.session().fresh_password() }
    }

    /// Registers somebody, without a profile.
    pub async fn newcomer(&self) -> Outcome<Person> {
        let request = self.fresh_registration();
        let reply = self.arrange(super::Credential::None, &request).await?;
        self.keep_secret(&reply.access_token);
        self.keep_secret(&reply.refresh_token);
        let person = Person {
            user_id: reply.user_id,
            email: request.email,
            password: request.password,
            access_token: reply.access_token,
            refresh_token: reply.refresh_token,
            nickname: String::new(),
        };
        if person.access_token.is_empty() {
            // The seed's table answers the id alone: tokens then come from Login.
            let login = self.login(&person).await?;
            return Ok(person.in_session(&login));
        }
        Ok(person)
    }

    /// Registers somebody and makes their profile.
    pub async fn person(&self) -> Outcome<Person> {
        let mut person = self.newcomer().await?;
        person.nickname = self.session().fresh_nickname();
        self.arrange(
            &person,
            &CreateProfileRequest { nickname: person.nickname.clone(), ..Default::default() },
        )
        .await?;
        Ok(person)
    }

    /// So many people with profiles.
    pub async fn people<const COUNT: usize>(&self) -> Outcome<[Person; COUNT]> {
        let people = futures::future::try_join_all((0..COUNT).map(|_| self.person())).await?;
        people.try_into().map_err(|_| super::Stop::Broken("the wrong number of people".to_owned()))
    }

    /// So many people with profiles.
    pub async fn crowd(&self, count: usize) -> Outcome<Vec<Person>> {
        futures::future::try_join_all((0..count).map(|_| self.person())).await
    }

    /// Opens another session.
    pub async fn login(&self, person: &Person) -> Outcome<LoginResponse> {
        let login = self.arrange(super::Credential::None, &person.credentials()).await?;
        self.keep_secret(&login.access_token);
        self.keep_secret(&login.refresh_token);
        Ok(login)
    }

    /// The profile of somebody, as `reader` sees it.
    pub async fn profile(&self, reader: &Person, of: &Person) -> Outcome<UserProfile> {
        self.arrange(reader, &GetProfileByIdRequest { id: of.user_id.clone() }).await
    }

    /// Sends a friend request.
    pub async fn ask(&self, from: &Person, to: &Person) -> Outcome<FriendRequest> {
        self.arrange(from, &SendFriendRequestRequest { user_id: to.user_id.clone() }).await
    }

    /// Makes two people friends, and answers the request that did it.
    pub async fn befriend(&self, from: &Person, to: &Person) -> Outcome<FriendRequest> {
        let request = self.ask(from, to).await?;
        self.arrange(to, &AcceptFriendRequestRequest { request_id: request.request_id }).await
    }

    /// Everybody whom this person has as a friend, in at most 100.
    pub async fn friends(&self, person: &Person) -> Outcome<Vec<String>> {
        let request = ListFriendsRequest { limit: 100, ..Default::default() };
        Ok(self.arrange(person, &request).await?.friend_user_ids)
    }

    /// The pending requests to this person.
    pub async fn incoming(&self, person: &Person) -> Outcome<Vec<FriendRequest>> {
        self.pending(person, RequestDirection::Incoming).await
    }

    /// The pending requests from this person.
    pub async fn outgoing(&self, person: &Person) -> Outcome<Vec<FriendRequest>> {
        self.pending(person, RequestDirection::Outgoing).await
    }

    async fn pending(&self, person: &Person, direction: RequestDirection) -> Outcome<Vec<FriendRequest>> {
        let request = ListRequestsRequest { limit: 100, direction: direction.into(), ..Default::default() };
        Ok(self.arrange(person, &request).await?.requests)
    }

    /// Makes the chat of two people.
    pub async fn chat(&self, one: &Person, other: &Person) -> Outcome<String> {
        let request = CreateDirectChatRequest { participant_id: other.user_id.clone(), allow_existing: true };
        Ok(self.arrange(one, &request).await?.chat_id)
    }

    /// Sends a message.
    pub async fn send(&self, sender: &Person, chat_id: &str, text: &str) -> Outcome<Message> {
        let request = SendMessageRequest {
            chat_id: chat_id.to_owned(),
            text: text.to_owned(),
            client_message_id: None,
        };
        self.arrange(sender, &request).await
    }
}
