//! Users: profiles, look-ups, search.

mod create;
mod lookup;
mod search;
mod text;
mod update;

use duologue_contract::user::CreateProfileRequest;

use super::Scenario;
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    [profiles(), changes(), lookups()].concat()
}

fn profiles() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "user.create_and_get",
            "A profile MUST be read by id and by nickname exactly as it was created.",
            cells![UserCreateProfile: Ok, UserGetProfileById: Ok, UserGetProfileByNickname: Ok],
            run!(create::create_and_get),
        ),
        Scenario::must(
            "user.create_duplicate_profile",
            "A second CreateProfile by one user MUST answer ALREADY_EXISTS and change nothing.",
            cells![UserCreateProfile: AlreadyExists],
            run!(create::duplicate_profile),
        ),
        Scenario::must(
            "user.create_duplicate_nickname",
            "CreateProfile with a taken nickname MUST answer ALREADY_EXISTS and make no profile.",
            cells![UserCreateProfile: AlreadyExists],
            run!(create::duplicate_nickname),
        ),
        Scenario::must(
            "user.nickname_race",
            "Of users who claim one nickname at once exactly one MUST get it.",
            cells![UserCreateProfile: Ok, UserCreateProfile: AlreadyExists],
            run!(create::nickname_race),
        ),
        Scenario::must(
            "user.nickname_format",
            "A nickname MUST match ^[a-z0-9_]{3,20}$ over the whole string.",
            cells![UserCreateProfile: InvalidArgument],
            run!(create::nickname_format),
        ),
        Scenario::must(
            "user.create_for_another",
            "CreateProfile for another user MUST answer PERMISSION_DENIED and create nothing.",
            cells![UserCreateProfile: PermissionDenied],
            run!(create::for_another),
        ),
        Scenario::must(
            "user.unicode_bio",
            "Text MUST come back byte for byte through every door.",
            cells![UserCreateProfile: Ok],
            run!(text::unicode_bio),
        ),
        Scenario::must(
            "user.size_limits",
            "bio and avatar_url MUST be refused beyond their limits, counted in scalar values, and avatar_url unless absolute https.",
            cells![UserCreateProfile: InvalidArgument],
            run!(text::size_limits),
        ),
        Scenario::must(
            "user.nul_and_invalid_text",
            "U+0000 and text that is no Unicode MUST answer INVALID_ARGUMENT.",
            cells![UserCreateProfile: InvalidArgument],
            run!(text::nul_and_invalid_text),
        ),
    ]
}

fn changes() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "user.update_partial",
            "UpdateProfile MUST change the fields that are present and keep the others.",
            cells![UserUpdateProfile: Ok],
            run!(update::partial),
        ),
        Scenario::must(
            "user.update_clear_field",
            "A field that is present and empty MUST be cleared, one that is absent kept.",
            cells![UserUpdateProfile: Ok],
            run!(update::clear_field),
        ),
        Scenario::must(
            "user.update_nickname_taken",
            "UpdateProfile to a taken nickname MUST answer ALREADY_EXISTS and change no field.",
            cells![UserUpdateProfile: AlreadyExists],
            run!(update::nickname_taken),
        ),
        Scenario::must(
            "user.update_nickname_frees_old",
            "A nickname that was given up MUST be free at once.",
            cells![UserUpdateProfile: Ok, UserGetProfileByNickname: NotFound],
            run!(update::nickname_frees_old),
        ),
        Scenario::must(
            "user.update_missing_profile",
            "UpdateProfile without a profile MUST answer NOT_FOUND.",
            cells![UserUpdateProfile: NotFound],
            run!(update::missing_profile),
        ),
        Scenario::must(
            "user.update_of_another",
            "UpdateProfile of another user MUST answer PERMISSION_DENIED and change nothing.",
            cells![UserUpdateProfile: PermissionDenied],
            run!(update::of_another),
        ),
        Scenario::must(
            "user.update_rename_race",
            "Of users who rename to or create with one nickname at once exactly one MUST own it, by both look-ups.",
            cells![UserUpdateProfile: Ok, UserUpdateProfile: AlreadyExists],
            run!(update::rename_race),
        ),
    ]
}

fn lookups() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "user.get_unknown_id",
            "GetProfileByID MUST answer NOT_FOUND to an unknown id and INVALID_ARGUMENT to a malformed one.",
            cells![UserGetProfileById: NotFound, UserGetProfileById: InvalidArgument],
            run!(lookup::unknown_id),
        ),
        Scenario::must(
            "user.get_unknown_nickname",
            "GetProfileByNickname MUST answer NOT_FOUND to an unknown nickname, ill-formed ones included.",
            cells![UserGetProfileByNickname: NotFound],
            run!(lookup::unknown_nickname),
        ),
        Scenario::must(
            "user.lookup_is_exact",
            "GetProfileByNickname MUST find the exact nickname and no similar one.",
            cells![UserGetProfileByNickname: NotFound],
            run!(lookup::is_exact),
        ),
        Scenario::must(
            "user.batch_get",
            "BatchGetProfiles MUST answer the profiles that exist, each once and in order, for at most 100 ids.",
            cells![UserBatchGetProfiles: Ok, UserBatchGetProfiles: InvalidArgument],
            run!(lookup::batch_get),
        ),
        Scenario::must(
            "user.search_prefix",
            "SearchByNickname MUST find by prefix, bytewise by nickname, an exact match first.",
            cells![UserSearchByNickname: Ok],
            run!(search::prefix),
        ),
        Scenario::must(
            "user.search_wildcards_literal",
            "Every character of a query MUST stand for itself.",
            cells![UserSearchByNickname: Ok],
            run!(search::wildcards_literal),
        ),
        Scenario::must(
            "user.search_empty_and_blank",
            "An empty, blank or too long query MUST answer INVALID_ARGUMENT.",
            cells![UserSearchByNickname: InvalidArgument],
            run!(search::empty_and_blank),
        ),
        Scenario::must(
            "user.search_pages_exact",
            "A walk through a search MUST return each profile exactly once and know its last page.",
            cells![UserSearchByNickname: Ok],
            run!(search::pages_exact),
        ),
        Scenario::must(
            "user.search_sees_new_profile",
            "A profile MUST be found as soon as CreateProfile has answered, and a new nickname as soon as UpdateProfile has.",
            cells![UserSearchByNickname: Ok],
            run!(search::sees_new_profile),
        ),
    ]
}

fn named(nickname: &str) -> CreateProfileRequest {
    CreateProfileRequest { nickname: nickname.to_owned(), ..Default::default() }
}
