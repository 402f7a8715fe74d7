//! The codes of `api.user.v1`.

use duologue_contract::Rpc;
use duologue_contract::errors::Reason;
use duologue_contract::user::{
    BatchGetProfilesRequest, CreateProfileRequest, GetProfileByIdRequest, GetProfileByNicknameRequest,
    SearchByNicknameRequest, UpdateProfileRequest,
};
use tonic_types::StatusExt as _;

use super::nobody;
use crate::outcome::Seen;
use crate::world::{NOBODY, World};

pub(super) async fn user(world: &World, seen: &mut Seen) {
    let (ada, eve) = (world.stranger().await, world.user().await);
    let create = |nickname: &str| CreateProfileRequest {
        nickname: nickname.to_owned(),
        bio: Some("Countess".to_owned()),
        avatar_url: Some(String::new()),
        ..CreateProfileRequest::default()
    };
    let update = |nickname: &str| UpdateProfileRequest {
        nickname: Some(nickname.to_owned()),
        bio: Some(String::new()),
        ..UpdateProfileRequest::default()
    };
    let mut profiles = ada.user();
    let missing = profiles.update_profile(update("ada_1")).await;
    seen.refused(Rpc::UserUpdateProfile, missing, Reason::ProfileNotFound);
    seen.refused(
        Rpc::UserCreateProfile,
        profiles.create_profile(create(&eve.name)).await,
        Reason::NicknameTaken,
    );
    let foreign = CreateProfileRequest { user_id: eve.user_id.clone(), ..create("ada_1") };
    seen.refused(Rpc::UserCreateProfile, profiles.create_profile(foreign).await, Reason::NotYours);
    let broken = CreateProfileRequest { user_id: "x".to_owned(), bio: Some("\0".to_owned()), ..create("A") };
    let broken =
        seen.refused(Rpc::UserCreateProfile, profiles.create_profile(broken).await, Reason::InvalidField);
    let fields = broken.get_details_bad_request().expect("fields").field_violations;
    assert_eq!(fields.iter().map(|field| &*field.field).collect::<Vec<_>>(), ["user_id", "nickname", "bio"]);
    let profile = seen.ok(Rpc::UserCreateProfile, profiles.create_profile(create("ada_1")).await);
    assert_eq!((profile.bio.as_deref(), profile.avatar_url), (Some("Countess"), None));
    seen.refused(
        Rpc::UserCreateProfile,
        profiles.create_profile(create("ada_2")).await,
        Reason::ProfileExists,
    );
    seen.refused(
        Rpc::UserUpdateProfile,
        profiles.update_profile(update(&eve.name)).await,
        Reason::NicknameTaken,
    );
    let updated = seen.ok(Rpc::UserUpdateProfile, profiles.update_profile(update("ada_2")).await);
    assert_eq!((updated.nickname.as_str(), updated.bio), ("ada_2", None));

    let foreign = UpdateProfileRequest { user_id: eve.user_id.clone(), ..update("ada_3") };
    seen.refused(Rpc::UserUpdateProfile, profiles.update_profile(foreign).await, Reason::NotYours);

    let by_id = |id: &str| GetProfileByIdRequest { id: id.to_owned() };
    seen.ok(Rpc::UserGetProfileById, profiles.get_profile_by_id(by_id(&eve.user_id)).await);
    let unknown = profiles.get_profile_by_id(by_id(NOBODY)).await;
    seen.refused(Rpc::UserGetProfileById, unknown, Reason::ProfileNotFound);
    for id in ["", "x", &"9".repeat(10_000), "\0"] {
        seen.refused(
            Rpc::UserGetProfileById,
            profiles.get_profile_by_id(by_id(id)).await,
            Reason::InvalidField,
        );
    }
    let by_nickname = |nickname: &str| GetProfileByNicknameRequest { nickname: nickname.to_owned() };
    let found = profiles.get_profile_by_nickname(by_nickname("ada_2")).await;
    seen.ok(Rpc::UserGetProfileByNickname, found);
    for nickname in ["", "ada_1", "Ada_2", "ada_2\n", &"a".repeat(10_000)] {
        let unknown = profiles.get_profile_by_nickname(by_nickname(nickname)).await;
        seen.refused(Rpc::UserGetProfileByNickname, unknown, Reason::ProfileNotFound);
    }
    let nul = profiles.get_profile_by_nickname(by_nickname("ada\0")).await;
    seen.refused(Rpc::UserGetProfileByNickname, nul, Reason::InvalidField);
    let search =
        |query: &str, limit| SearchByNicknameRequest { query: query.to_owned(), limit, cursor: None };
    let found = seen.ok(Rpc::UserSearchByNickname, profiles.search_by_nickname(search("ADA", 0)).await);
    assert_eq!(found.results.len(), 1);
    let broken = profiles.search_by_nickname(search(" ", -1)).await;
    let broken = seen.refused(Rpc::UserSearchByNickname, broken, Reason::InvalidField);
    assert_eq!(broken.get_details_bad_request().map(|fields| fields.field_violations.len()), Some(2));
    let batch = |ids: Vec<String>| BatchGetProfilesRequest { ids };
    let ids = batch(vec![eve.user_id.clone(), nobody(), ada.user_id.clone(), eve.user_id.clone()]);
    let found = seen.ok(Rpc::UserBatchGetProfiles, profiles.batch_get_profiles(ids).await);
    assert_eq!(
        found.profiles.iter().map(|one| &one.user_id).collect::<Vec<_>>(),
        [&eve.user_id, &ada.user_id]
    );
    seen.ok(Rpc::UserBatchGetProfiles, profiles.batch_get_profiles(batch(vec![nobody(); 100])).await);
    let many = profiles.batch_get_profiles(batch(vec![nobody(); 101])).await;
    seen.refused(Rpc::UserBatchGetProfiles, many, Reason::InvalidField);
}
