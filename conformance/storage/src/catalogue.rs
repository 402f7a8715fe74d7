//! The catalogue: which cases there are.

/// Calls a macro with the cases of a context.
#[doc(hidden)]
#[macro_export]
macro_rules! cases_of {
    (user_directory [$($then:tt)+]) => {
        $($then)+! {
            user_directory:
            a_user_exists_as_soon_as_they_have_a_profile,
        }
    };
    (account [$($then:tt)+]) => {
        $($then)+! {
            account:
            an_inserted_account_and_its_first_session_are_found,
            an_unknown_account_is_not_found,
            an_account_is_found_by_its_address_in_any_case,
            addresses_with_different_keys_are_different_however_alike,
            an_address_and_a_hash_of_any_length_are_kept_as_they_are,
            an_account_with_a_taken_address_is_refused_and_nothing_is_stored,
            of_accounts_with_one_address_inserted_at_once_exactly_one_is_stored,
            a_password_hash_is_replaced_if_it_still_is_the_expected_one,
            a_password_hash_that_is_no_longer_the_expected_one_is_kept,
            of_replacements_of_one_password_hash_at_once_exactly_one_succeeds,
            a_cancelled_registration_is_wholly_there_or_not_at_all,
            an_account_acknowledged_after_a_cancellation_is_kept,
        }
    };
    (session [$($then:tt)+]) => {
        $($then)+! {
            session:
            an_inserted_session_is_found_as_it_was_stored,
            an_unknown_session_is_not_found,
            live_sessions_are_listed_newest_first_with_ties_broken_by_id,
            a_session_is_listed_until_the_moment_it_expires,
            the_list_goes_on_below_a_session_that_is_gone,
            a_session_acknowledged_after_a_cancellation_is_kept,
            an_ended_session_stays_findable_with_its_end_time,
            a_session_ends_once,
            of_endings_of_one_session_at_once_exactly_one_ends_it,
            all_sessions_of_a_user_but_one_are_ended_and_named,
            all_sessions_of_a_user_are_ended_and_named_once,
            a_session_ended_by_two_at_once_is_named_by_one_of_them,
            sessions_that_ended_since_a_moment_are_listed_with_their_end_time,
            a_cancelled_ending_of_sessions_ends_all_or_none,
            any_sequence_of_calls_agrees_with_the_model_of_sessions,
            a_rotation_makes_the_next_generation_and_keeps_the_rest,
            a_rotation_from_another_generation_changes_nothing,
            an_ended_session_is_not_rotated,
            of_rotations_from_one_generation_at_once_exactly_one_succeeds,
            a_session_that_is_ended_while_it_is_rotated_has_ended,
            a_cancelled_rotation_is_wholly_there_or_not_at_all,
        }
    };
    (profile [$($then:tt)+]) => {
        $($then)+! {
            profile:
            an_inserted_profile_is_found_as_it_was_stored,
            an_unknown_profile_is_not_found,
            profiles_of_several_users_are_found_and_unknown_ones_left_out,
            a_user_has_one_profile,
            a_profile_with_a_taken_nickname_is_refused_and_nothing_is_stored,
            who_has_a_profile_is_told_so_even_if_the_nickname_is_taken_as_well,
            of_profiles_of_one_user_inserted_at_once_exactly_one_is_stored,
            a_cancelled_insert_of_a_profile_is_wholly_there_or_not_at_all,
            a_change_keeps_what_is_absent_and_clears_what_is_empty,
            a_change_that_alters_nothing_does_not_count_as_one,
            the_time_of_a_change_never_goes_back,
            a_change_to_a_taken_nickname_changes_nothing_at_all,
            a_user_without_a_profile_has_none_to_change,
            a_nickname_given_up_is_free_at_once,
            of_claims_on_one_nickname_at_once_exactly_one_succeeds,
            changes_of_different_parts_at_once_are_all_kept,
            two_who_swap_nicknames_at_once_never_share_one,
            a_cancelled_change_of_a_profile_is_wholly_there_or_not_at_all,
            a_prefix_finds_literally_and_bytewise_in_pages_of_every_size,
            no_character_of_a_prefix_is_a_wildcard,
            a_prefix_that_no_nickname_can_have_finds_nothing,
            a_bound_outside_of_the_prefix_cuts_as_its_bytes_do,
            a_renamed_profile_is_listed_under_its_new_nickname_only,
            a_profile_is_listed_as_soon_as_inserting_it_has_answered,
        }
    };
    (social [$($then:tt)+]) => {
        $($then)+! {
            social:
            an_inserted_request_is_found_and_listed_by_both,
            an_unknown_request_is_not_found,
            a_second_pending_request_is_refused_whichever_way_and_nothing_is_stored,
            a_request_between_friends_is_refused_whichever_way_and_nothing_is_stored,
            requests_of_one_person_to_several_stand_side_by_side,
            an_accepted_request_makes_friends_of_both,
            a_declined_or_cancelled_request_makes_no_friends,
            an_answer_to_a_settled_request_is_stale_and_changes_nothing,
            an_answer_to_an_unknown_request_is_stale_and_changes_nothing,
            after_a_refusal_a_new_request_is_possible_whichever_way,
            an_answer_to_an_old_request_leaves_the_new_one_alone,
            a_cancelled_request_is_wholly_there_or_not_at_all,
            a_cancelled_answer_is_wholly_there_or_not_at_all,
            a_cancelled_removal_ends_a_friendship_for_both_or_for_nobody,
            a_request_acknowledged_after_a_cancellation_is_kept,
            a_removed_friendship_ends_for_both,
            only_this_friendship_is_removed,
            who_are_no_friends_cannot_end_a_friendship,
            after_a_friendship_a_new_request_is_possible_whichever_way,
            an_old_answer_revives_no_friendship,
            strangers_and_those_who_merely_asked_are_no_friends,
            pending_requests_are_listed_newest_first_with_ties_broken_by_id,
            friends_are_listed_newest_first_with_ties_broken_by_id,
            lists_go_on_below_what_is_gone,
            what_is_there_throughout_a_walk_is_listed_once_whatever_comes_and_goes,
            any_sequence_of_calls_agrees_with_the_model_of_friendship,
            of_requests_between_two_people_at_once_exactly_one_is_stored,
            of_answers_to_one_request_at_once_exactly_one_is_stored,
            an_acceptance_and_a_removal_at_once_are_done_one_after_the_other,
            of_removals_of_one_friendship_at_once_exactly_one_succeeds,
            a_request_and_an_answer_at_once_leave_one_request_or_one_friendship,
        }
    };
    (chat [$($then:tt)+]) => {
        $($then)+! {
            chat:
            an_inserted_chat_is_found_and_nothing_was_said_in_it,
            an_unknown_chat_is_not_found,
            two_people_have_one_chat_and_a_second_one_is_not_stored,
            one_person_has_a_chat_with_each_of_several,
            the_newest_sequences_of_known_chats_are_told_and_unknown_ones_left_out,
            a_stored_message_takes_the_sequence_after_the_newest_and_is_found_at_once,
            a_message_is_kept_byte_for_byte,
            nobody_but_a_member_says_anything,
            nobody_says_anything_in_an_unknown_chat,
            what_is_said_in_one_chat_leaves_the_others_alone,
            a_cancelled_chat_is_wholly_there_or_not_at_all,
            a_cancelled_message_is_wholly_there_or_not_at_all,
            a_cancelled_message_takes_a_sequence_only_if_it_is_there,
            a_message_acknowledged_after_a_cancellation_is_kept,
            a_repeated_message_is_answered_with_the_first_and_takes_no_sequence,
            a_name_used_for_another_text_is_refused_and_nothing_is_stored,
            a_name_is_the_senders_own_in_this_chat,
            names_are_told_apart_by_their_bytes,
            messages_without_a_name_are_never_taken_for_one_another,
            of_repeated_messages_at_once_exactly_one_is_stored,
            of_texts_under_one_name_at_once_exactly_one_is_stored,
            messages_are_listed_newest_first_below_a_sequence,
            messages_are_listed_oldest_first_above_a_sequence,
            no_messages_are_listed_of_an_unknown_chat,
            a_walk_to_older_messages_is_not_disturbed_by_new_ones,
            reading_waits_for_no_writer_who_has_stopped_halfway,
            any_sequence_of_calls_agrees_with_the_model_of_chats,
            of_chats_of_two_people_inserted_at_once_exactly_one_is_stored,
            messages_of_both_members_at_once_have_no_hole_and_no_message_is_lost,
            who_reads_while_others_write_never_sees_a_hole_or_a_change,
            messages_in_several_chats_of_one_person_at_once_are_all_kept,
            a_message_is_no_earlier_than_the_one_before_it_though_the_clock_goes_back,
            a_message_is_later_than_every_list_of_chats_that_a_member_had_before,
            a_list_of_somebody_elses_chats_delays_nothing,
            the_first_message_since_a_moment_is_found_at_every_edge,
            nothing_is_found_since_a_moment_where_nothing_was_said,
        }
    };
    (chat_list [$($then:tt)+]) => {
        $($then)+! {
            chat_list:
            who_has_no_chats_has_an_empty_list,
            chats_are_listed_by_activity_with_ties_broken_by_id,
            both_members_list_a_chat_and_nobody_else_does,
            what_was_said_is_in_the_list_at_once,
            a_walk_begins_no_earlier_than_any_activity_and_than_now,
            a_continued_walk_keeps_the_moment_that_it_began,
            messages_that_come_later_count_as_not_sent,
            several_walks_stand_side_by_side,
            chats_made_during_a_walk_disturb_it_not,
            a_walk_returns_every_chat_once_while_others_write_at_once,
        }
    };
    (notification [$($then:tt)+]) => {
        $($then)+! {
            notification:
            a_notification_is_stored_at_the_position_after_its_recipients_newest,
            who_was_told_nothing_has_an_empty_inbox,
            an_event_that_is_applied_again_changes_nothing,
            a_position_is_found_by_its_owner_only,
            what_was_read_stays_read_and_beyond_the_newest_counts_as_the_newest,
            the_newest_positions_of_several_users_are_told,
            an_event_that_is_applied_at_once_is_stored_exactly_once,
            events_for_one_recipient_at_once_have_no_hole_and_none_is_lost,
            of_marks_at_once_the_furthest_counts,
            the_count_and_the_list_of_what_is_unread_agree_while_more_arrives,
            a_cancelled_notification_is_wholly_there_or_not_at_all,
            a_cancelled_mark_is_wholly_there_or_not_at_all,
            notifications_are_listed_newest_first_below_a_position,
            notifications_are_listed_oldest_first_above_a_position,
            any_sequence_of_calls_agrees_with_the_model_of_notifications,
        }
    };
    (outbox [$($then:tt)+]) => {
        $($then)+! {
            outbox:
            events_are_claimed_oldest_first_and_as_they_were_written,
            an_event_is_nobody_elses_until_the_lease_ends_and_can_be_claimed_from_then_on,
            acknowledged_events_are_gone_and_the_others_stay,
            of_claims_at_once_each_event_goes_to_one,
            events_written_while_others_are_delivered_are_delivered_exactly_once,
            a_cancelled_claim_or_acknowledgement_loses_no_event,
            a_request_is_written_with_its_event_and_a_refused_one_without,
            an_answer_is_written_with_its_event_and_a_stale_one_without,
            a_message_is_written_with_its_event_for_the_other_and_a_refused_one_without,
            a_race_writes_the_event_of_its_winner_only,
            a_cancelled_request_or_answer_is_there_with_its_event_or_without_both,
            a_cancelled_message_is_there_with_its_event_or_without_both,
        }
    };
}
