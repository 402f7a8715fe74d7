//! Every planted fault ends in a violation of every scenario that is named for it, and breaks no canary.

use std::collections::BTreeSet;

use anyhow::Context as _;
use duologue_conformance::scenario::{self, Level};
use duologue_conformance_faults::assertions;
use duologue_conformance_faults::catalogue::{catalogue, find};
use duologue_conformance_faults::plants;
use duologue_conformance_faults::trial::{trial, without_fault};

/// Scenarios that no fault is named for: empty when every one is known to be able to fail.
const UNNAMED: [&str; 0] = [];

async fn is_caught(test: &str) -> anyhow::Result<()> {
    let id = test.replace('_', "-");
    let row = find(&id).context("it is not in the catalogue")?;
    let plant = plants::find(&id).context("it is neither planted nor said to be not run")?;
    for variant in plant.variants {
        let wrong = trial(&row, &variant).await?.wrong;
        assert!(wrong.is_empty(), "{id} {}:\n{}", variant.name, wrong.join("\n"));
    }
    Ok(())
}

macro_rules! faults {
    ($($name:ident)*) => {
        const TESTED: &[&str] = &[$(stringify!($name)),*];

        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() -> anyhow::Result<()> {
            is_caught(stringify!($name)).await
        })*
    };
}

faults! {
    identity_is_constant
    identity_from_request
    token_not_required
    token_signature_unchecked
    token_never_expires
    refresh_accepted_as_access
    refresh_not_rotated
    refresh_toctou
    register_toctou
    email_case_sensitive
    password_truncated_72
    login_enumerates
    password_in_error
    nickname_toctou
    nickname_regex_multiline
    nickname_case_folded_only_on_write
    update_overwrites_absent
    update_not_atomic
    rename_keeps_old_index
    search_like_unescaped
    search_locale_order
    search_empty_lists_all
    search_index_lags
    bio_normalised
    limit_counts_bytes
    nul_is_internal
    malformed_id_is_internal
    self_request_allowed
    cross_request_toctou
    cross_request_duplicates
    accept_ignores_status
    accept_by_anyone
    decline_by_sender
    accept_race_double
    friendship_one_sided
    remove_one_sided
    declined_blocks_forever
    list_requests_includes_outgoing
    chat_create_toctou
    chat_pair_ordered
    chat_self_unchecked
    non_member_reads
    non_member_streams
    foreign_chat_distinguishable
    message_order_by_random_id
    page_repeats_boundary
    page_offset_based
    page_always_next
    limit_zero_empty
    cursor_unbound
    send_lost_sometimes
    send_acks_before_commit
    idempotency_key_burned
    stream_unimplemented
    stream_headers_late
    stream_subscribe_before_replay_dup
    stream_since_exclusive_ms
    stream_broadcast_lagged_dropped
    stream_cross_talk
    stream_leaks_task
    rest_conflict_as_400
    rest_drops_optional_presence
    rest_stream_buffered
    rest_body_beats_path
    rest_route_missing
    token_subject_is_email
    register_overwrites
    register_no_email_check
    register_no_password_policy
    login_ignores_password
    login_empty_is_unauthenticated
    password_normalised
    login_kills_sessions
    bearer_parse_panics
    profile_columns_swapped
    create_profile_upserts
    update_upserts
    missing_nickname_is_empty_profile
    request_direction_swapped
    decline_leaves_pending
    remove_always_ok
    request_no_user_check
    request_twice_returns_first
    remove_keeps_request_row
    decline_unknown_ok
    remove_race_resurrects
    page_cache_of_previous_chat
    chat_members_without_creator
    chat_create_returns_existing
    chat_no_participant_check
    list_chats_only_created
    sender_from_body
    whitespace_text_ok
    big_message_kills_connection
    send_no_membership
    cursor_tied_to_token
    empty_history_not_found
    stream_only_peer
    stream_replays_recent
    stream_since_in_seconds
    stream_arrival_order
    stream_outlives_token
    stream_idle_closed
    auth_rpcs_need_token
    validate_before_auth
    json_unknown_field_refused
    path_decoded_twice
    query_limit_ignored
    unknown_rpc_closes
    deadline_half_write
    commit_retry_duplicates
    cancel_by_recipient
    logout_forgets_access
    jwks_stale
    activity_not_bumped
    sequence_burnt
    time_goes_back
    resume_off_by_one
    sse_id_missing
    wakeup_local_only
    event_lost_on_crash
    event_applied_twice
    batch_unbounded
    html_404
    matrix_hole
    revoke_by_anyone
    change_password_keeps_sessions
    malformed_message_is_internal
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_named_scenarios_pass_without_any_fault() -> anyhow::Result<()> {
    let sound = without_fault().await?;
    assert!(sound.wrong.is_empty(), "{}", sound.wrong.join("\n"));
    let unlisted = assertions::unlisted(&sound.places)?;
    assert!(unlisted.is_empty(), "assertions that are not on the list:\n{}", unlisted.join("\n"));
    Ok(())
}

#[test]
fn every_fault_of_the_catalogue_is_tested_and_planted_once() {
    let rows: Vec<_> = catalogue().iter().map(|row| row.id.replace('-', "_")).collect();
    assert_eq!(rows, TESTED);
    let planted: Vec<_> = plants::all().iter().map(|plant| plant.id).collect();
    assert_eq!(planted.iter().collect::<BTreeSet<_>>().len(), planted.len(), "a fault is planted twice");
    for plant in plants::all() {
        assert!(find(plant.id).is_some(), "{} is not in the catalogue", plant.id);
    }
}

#[test]
fn every_scenario_is_named_by_a_fault() {
    let rows = catalogue();
    let named: BTreeSet<_> = rows.iter().flat_map(|row| row.caught_by.iter().map(|named| named.id)).collect();
    let unknown: Vec<_> = named.iter().filter(|id| scenario::find(id).is_none()).collect();
    assert!(unknown.is_empty(), "no such scenario: {unknown:?}");
    let scenarios = scenario::all();
    let musts = scenarios.iter().filter(|scenario| scenario.level == Level::Must);
    let unnamed: Vec<_> = musts.map(|scenario| scenario.id).filter(|id| !named.contains(id)).collect();
    assert_eq!(unnamed, UNNAMED, "scenarios that nobody has seen fail");
}
