//! Faults of profiles and search.

use duologue_conformance::door::Door;
use duologue_contract::Rpc;
use duologue_contract::chat::{GetChatRequest, SendMessageRequest};
use duologue_contract::errors::Reason;
use duologue_contract::social::AcceptFriendRequestRequest;
use duologue_contract::user::{
    BatchGetProfilesRequest, BatchGetProfilesResponse, CreateProfileRequest, GetProfileByIdRequest,
    GetProfileByNicknameRequest, SearchByNicknameRequest, SearchByNicknameResponse, UpdateProfileRequest,
    UserProfile,
};
use duologue_domain::id::UserId;
use duologue_domain::user::Nickname;
use tonic::Code;

use super::profiles::{self, Defect};
use super::{Plant, chats};
use crate::call::Answer;
use crate::composition::Composition;

pub(super) fn plants() -> Vec<Plant> {
    vec![
        Plant::new("nickname-regex-multiline", nickname_regex_multiline),
        Plant::new("nickname-case-folded-only-on-write", nickname_case_folded),
        Plant::new("update-overwrites-absent", update_overwrites_absent),
        Plant::new("search-empty-lists-all", search_empty_lists_all),
        Plant::new("bio-normalised", |composition| {
            chats::decorate(profiles::decorate(composition, Defect::BioTrimmed), chats::Defect::TextTrimmed)
        }),
        Plant::new("limit-counts-bytes", limit_counts_bytes),
        Plant::new("nul-is-internal", nul_is_internal),
        Plant::new("malformed-id-is-internal", malformed_id_is_internal),
        Plant::new("profile-columns-swapped", profile_columns_swapped),
        Plant::new("missing-nickname-is-empty-profile", missing_nickname_is_empty_profile),
        Plant::new("batch-unbounded", batch_unbounded),
    ]
}

fn nickname_regex_multiline(composition: Composition) -> Composition {
    composition.around(|_, mut call, next| async move {
        let mut written = None;
        if let Some(request) = call.message_mut::<CreateProfileRequest>()
            && let Some(line) = request.nickname.strip_suffix('\n')
            && line.parse::<Nickname>().is_ok()
        {
            written = Some(request.nickname.clone());
            request.nickname = line.to_owned();
        }
        let mut answer = next.call(call).await?;
        if let (Some(written), Some(profile)) = (written, answer.message_mut::<UserProfile>()) {
            profile.nickname = written;
        }
        Ok(answer)
    })
}

/// The look-up folds, and the unique index compares what nobody folded.
fn nickname_case_folded(composition: Composition) -> Composition {
    profiles::decorate(composition, Defect::NicknameNotUnique).around(|_, mut call, next| async move {
        if let Some(request) = call.message_mut::<GetProfileByNicknameRequest>() {
            request.nickname = request.nickname.to_lowercase();
        }
        next.call(call).await
    })
}

fn update_overwrites_absent(composition: Composition) -> Composition {
    composition.around(|_, mut call, next| async move {
        if let Some(request) = call.message_mut::<UpdateProfileRequest>() {
            request.bio.get_or_insert_default();
            request.avatar_url.get_or_insert_default();
        }
        next.call(call).await
    })
}

fn search_empty_lists_all(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let query = call.message::<SearchByNicknameRequest>().cloned();
        let Some(request) = query.filter(|request| request.query.trim().is_empty()) else {
            return next.call(call).await;
        };
        let mut all = SearchByNicknameResponse::default();
        for letter in "_0123456789abcdefghijklmnopqrstuvwxyz".chars() {
            let part = SearchByNicknameRequest { query: letter.to_string(), ..request.clone() };
            let mut answer = next.call(call.other(Rpc::UserSearchByNickname, part)).await?;
            if let Some(part) = answer.message_mut::<SearchByNicknameResponse>() {
                all.results.append(&mut part.results);
            }
        }
        Ok(Answer::of(all))
    })
}

/// Bytes through one door, UTF-16 units through the other.
fn limit_counts_bytes(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let length = |text: &str| match call.door {
            Door::Grpc => text.len(),
            Door::Rest => text.encode_utf16().count(),
        };
        let bio = match call.rpc {
            Rpc::UserCreateProfile => {
                call.message::<CreateProfileRequest>().and_then(|request| request.bio.as_deref())
            }
            Rpc::UserUpdateProfile => {
                call.message::<UpdateProfileRequest>().and_then(|request| request.bio.as_deref())
            }
            _ => None,
        };
        let text = call.message::<SendMessageRequest>().map(|request| request.text.as_str());
        let refused = |field, rule| {
            Err(Reason::InvalidField.error("A field is too long.").violation(field, rule).status())
        };
        if bio.is_some_and(|bio| length(bio) > 500) {
            return refused("bio", "must have at most 500 characters");
        }
        if text.is_some_and(|text| length(text) > 4_000) {
            return refused("text", "must have at most 4000 characters");
        }
        next.call(call).await
    })
}

fn nul_is_internal(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let profile = call.message::<CreateProfileRequest>().and_then(|request| request.bio.as_deref());
        let text = call.message::<SendMessageRequest>().map(|request| request.text.as_str());
        if profile.or(text).is_some_and(|text| text.contains('\0')) {
            return Err(Reason::Internal.status("The storage failed."));
        }
        next.call(call).await
    })
}

fn malformed_id_is_internal(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let id = match call.rpc {
            Rpc::UserGetProfileById => call.message::<GetProfileByIdRequest>().map(|request| &request.id),
            Rpc::ChatGetChat => call.message::<GetChatRequest>().map(|request| &request.chat_id),
            Rpc::SocialAcceptFriendRequest => {
                call.message::<AcceptFriendRequestRequest>().map(|request| &request.request_id)
            }
            _ => None,
        };
        if id.is_some_and(|id| id.parse::<UserId>().is_err()) {
            return Err(Reason::Internal.status("The storage failed."));
        }
        next.call(call).await
    })
}

fn profile_columns_swapped(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let is_read = matches!(call.rpc, Rpc::UserGetProfileById | Rpc::UserGetProfileByNickname);
        let mut answer = next.call(call).await?;
        if let Some(profile) = answer.message_mut::<UserProfile>().filter(|_| is_read) {
            std::mem::swap(&mut profile.bio, &mut profile.avatar_url);
        }
        Ok(answer)
    })
}

fn missing_nickname_is_empty_profile(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let rpc = call.rpc;
        match next.call(call).await {
            Err(status) if rpc == Rpc::UserGetProfileByNickname && status.code() == Code::NotFound => {
                Ok(Answer::of(UserProfile::default()))
            }
            answer => answer,
        }
    })
}

fn batch_unbounded(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let Some(ids) = call.message::<BatchGetProfilesRequest>().map(|request| request.ids.clone()) else {
            return next.call(call).await;
        };
        let mut all = BatchGetProfilesResponse::default();
        for ids in ids.chunks(100) {
            let part = BatchGetProfilesRequest { ids: ids.to_vec() };
            let mut answer = next.call(call.other(Rpc::UserBatchGetProfiles, part)).await?;
            if let Some(part) = answer.message_mut::<BatchGetProfilesResponse>() {
                all.profiles.append(&mut part.profiles);
            }
        }
        Ok(Answer::of(all))
    })
}
