//! `api.user.v1.UserService`: profiles.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_contract::Rpc;
use duologue_contract::user::user_service_server::UserService;
use duologue_contract::user::{
    BatchGetProfilesRequest, BatchGetProfilesResponse, CreateProfileRequest, GetProfileByIdRequest,
    GetProfileByNicknameRequest, SearchByNicknameRequest, SearchByNicknameResponse, UpdateProfileRequest,
    UserProfile,
};
use duologue_domain::InvalidFields;
use duologue_domain::error::{InField as _, Together as _};
use duologue_domain::id::{Id as _, UserId};
use duologue_domain::page::PageRequest;
use duologue_domain::user::{
    AvatarSchemes, AvatarUrl, Bio, NewProfile, Nickname, Profile, ProfileChange, SearchPrefix, Service,
};
use tonic::{Request, Response, Status};

use crate::entry::{Call, Entry};
use crate::parse;

/// The most profiles that one call may ask for.
const BATCH: usize = 100;

/// Binds `api.user.v1.UserService` to its use cases.
#[derive(Debug)]
pub struct UserBinding {
    service: Arc<Service>,
    entry: Entry,
    avatar_schemes: AvatarSchemes,
}

impl UserBinding {
    /// A binding of these use cases, behind this entry; avatars may be where `avatar_schemes` says.
    #[must_use]
    pub fn new(service: Service, entry: Entry, avatar_schemes: AvatarSchemes) -> Self {
        Self { service: Arc::new(service), entry, avatar_schemes }
    }
}

#[async_trait]
impl UserService for UserBinding {
    async fn create_profile(
        &self,
        request: Request<CreateProfileRequest>,
    ) -> Result<Response<UserProfile>, Status> {
        let (service, avatar_schemes) = (self.service.clone(), self.avatar_schemes);
        let create_profile = move |call: Call, message: CreateProfileRequest| async move {
            let caller = call.caller()?;
            let (user_id, nickname, bio, avatar_url) = (
                parse::id_or_empty::<UserId>(&message.user_id, "user_id"),
                message.nickname.parse::<Nickname>().in_field("nickname"),
                bio(message.bio.as_deref()),
                avatar_url(message.avatar_url.as_deref(), avatar_schemes),
            )
                .together()?;
            caller.acting_for(user_id)?;
            let new = NewProfile { nickname, bio: bio.flatten(), avatar_url: avatar_url.flatten() };
            Ok(user_profile(service.create_profile(&caller, new).await?))
        };
        self.entry.unary(Rpc::UserCreateProfile, request, create_profile).await
    }

    async fn update_profile(
        &self,
        request: Request<UpdateProfileRequest>,
    ) -> Result<Response<UserProfile>, Status> {
        let (service, avatar_schemes) = (self.service.clone(), self.avatar_schemes);
        let update_profile = move |call: Call, message: UpdateProfileRequest| async move {
            let caller = call.caller()?;
            let nickname = message.nickname.as_deref().map(str::parse::<Nickname>).transpose();
            let (user_id, nickname, bio, avatar_url) = (
                parse::id_or_empty::<UserId>(&message.user_id, "user_id"),
                nickname.in_field("nickname"),
                bio(message.bio.as_deref()),
                avatar_url(message.avatar_url.as_deref(), avatar_schemes),
            )
                .together()?;
            caller.acting_for(user_id)?;
            let change = ProfileChange { nickname, bio, avatar_url };
            Ok(user_profile(service.update_profile(&caller, change).await?))
        };
        self.entry.unary(Rpc::UserUpdateProfile, request, update_profile).await
    }

    async fn get_profile_by_id(
        &self,
        request: Request<GetProfileByIdRequest>,
    ) -> Result<Response<UserProfile>, Status> {
        let service = self.service.clone();
        let get_profile_by_id = move |_, message: GetProfileByIdRequest| async move {
            let user_id = parse::id(&message.id, "id")?;
            Ok(user_profile(service.get_profile_by_id(user_id).await?))
        };
        self.entry.unary(Rpc::UserGetProfileById, request, get_profile_by_id).await
    }

    async fn get_profile_by_nickname(
        &self,
        request: Request<GetProfileByNicknameRequest>,
    ) -> Result<Response<UserProfile>, Status> {
        let service = self.service.clone();
        let get_profile_by_nickname = move |_, message: GetProfileByNicknameRequest| async move {
            // An ill-formed nickname is nobody's; only U+0000 is refused, as in every text.
            if message.nickname.contains('\0') {
                parse::broken("nickname", "must not contain U+0000")?;
            }
            Ok(user_profile(service.get_profile_by_nickname(&message.nickname).await?))
        };
        self.entry.unary(Rpc::UserGetProfileByNickname, request, get_profile_by_nickname).await
    }

    async fn search_by_nickname(
        &self,
        request: Request<SearchByNicknameRequest>,
    ) -> Result<Response<SearchByNicknameResponse>, Status> {
        let service = self.service.clone();
        let search_by_nickname = move |call: Call, message: SearchByNicknameRequest| async move {
            let caller = call.caller()?;
            let (prefix, page) = (
                SearchPrefix::parse(&message.query).in_field("query"),
                PageRequest::parse(message.limit, message.cursor),
            )
                .together()?;
            let page = service.search_by_nickname(&caller, &prefix, &page).await?;
            Ok(SearchByNicknameResponse {
                results: page.items.into_iter().map(user_profile).collect(),
                next_cursor: parse::next_cursor(page.next_cursor),
            })
        };
        self.entry.unary(Rpc::UserSearchByNickname, request, search_by_nickname).await
    }

    async fn batch_get_profiles(
        &self,
        request: Request<BatchGetProfilesRequest>,
    ) -> Result<Response<BatchGetProfilesResponse>, Status> {
        let service = self.service.clone();
        let batch_get_profiles = move |_, message: BatchGetProfilesRequest| async move {
            if message.ids.len() > BATCH {
                parse::broken("ids", "must be at most 100 ids")?;
            }
            let user_ids: Result<Vec<UserId>, _> =
                message.ids.iter().map(|id| parse::id(id, "ids")).collect();
            let profiles = service.batch_get_profiles(&user_ids?).await?;
            Ok(BatchGetProfilesResponse { profiles: profiles.into_iter().map(user_profile).collect() })
        };
        self.entry.unary(Rpc::UserBatchGetProfiles, request, batch_get_profiles).await
    }
}

/// Absent, or what it is to be: none if it is empty.
#[expect(clippy::option_option, reason = "absent keeps, empty clears: the domain tells them apart so")]
fn bio(text: Option<&str>) -> Result<Option<Option<Bio>>, InvalidFields> {
    text.map(Bio::parse).transpose().in_field("bio")
}

/// Absent, or what it is to be: none if it is empty.
#[expect(clippy::option_option, reason = "absent keeps, empty clears: the domain tells them apart so")]
fn avatar_url(
    text: Option<&str>,
    schemes: AvatarSchemes,
) -> Result<Option<Option<AvatarUrl>>, InvalidFields> {
    text.map(|text| AvatarUrl::parse(text, schemes)).transpose().in_field("avatar_url")
}

fn user_profile(profile: Profile) -> UserProfile {
    UserProfile {
        user_id: profile.user_id.to_text(),
        nickname: profile.nickname.to_string(),
        bio: profile.bio.map(|bio| bio.as_str().to_owned()),
        avatar_url: profile.avatar_url.map(|avatar_url| avatar_url.as_str().to_owned()),
        create_time: Some(parse::timestamp(profile.create_time)),
        update_time: Some(parse::timestamp(profile.update_time)),
    }
}
