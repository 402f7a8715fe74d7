-- What happened to users while they were away.

CREATE SCHEMA notification;

-- How far each user's notifications go.
CREATE TABLE notification.inboxes (
    user_id uuid   NOT NULL,
    newest  bigint NOT NULL,
    read    bigint NOT NULL,
    CONSTRAINT inboxes_pkey PRIMARY KEY (user_id),
    CONSTRAINT inboxes_read_what_is_there CHECK (read BETWEEN 0 AND newest)
) WITH (fillfactor = 70);  -- every notification changes the row: room in its page (HOT)

CREATE TABLE notification.notifications (
    user_id    uuid     NOT NULL,
    event_id   uuid     NOT NULL,
    actor_id   uuid     NOT NULL,
    request_id uuid,
    chat_id    uuid,
    message_id uuid,
    position   bigint   NOT NULL,
    occur_time bigint   NOT NULL,
    kind       smallint NOT NULL,  -- 1 friend request received, 2 friend request accepted, 3 message received
    CONSTRAINT notifications_pkey PRIMARY KEY (user_id, position),
    -- However often an event is delivered, it is stored once. Serves the search by id too.
    CONSTRAINT notifications_one_per_event UNIQUE (user_id, event_id),
    CONSTRAINT notifications_subject_complete CHECK (
        CASE kind WHEN 1 THEN request_id IS NOT NULL WHEN 2 THEN request_id IS NOT NULL
                  WHEN 3 THEN chat_id IS NOT NULL AND message_id IS NOT NULL ELSE false END
    )
);
