-- Friend requests and friendships.

CREATE SCHEMA social;

CREATE TABLE social.friend_requests (
    request_id  uuid     NOT NULL,
    from_id     uuid     NOT NULL,
    to_id       uuid     NOT NULL,
    create_time bigint   NOT NULL,
    update_time bigint   NOT NULL,
    status      smallint NOT NULL,  -- 1 pending, 2 accepted, 3 declined, 4 canceled
    -- Whether it still binds the two: it is pending, or the friendship that it made stands.
    binding     boolean  NOT NULL,
    CONSTRAINT friend_requests_pkey PRIMARY KEY (request_id),
    CONSTRAINT friend_requests_between_two CHECK (from_id <> to_id),
    CONSTRAINT friend_requests_status_known CHECK (status BETWEEN 1 AND 4),
    CONSTRAINT friend_requests_pending_binds CHECK (binding OR status <> 1),
    CONSTRAINT friend_requests_refused_frees CHECK (status <= 2 OR NOT binding)
);

-- Between two people there is at most one pending request **or** one friendship, whichever way it was sent.
CREATE UNIQUE INDEX friend_requests_one_binding_per_pair
    ON social.friend_requests (least(from_id, to_id), greatest(from_id, to_id)) WHERE binding;

-- Serve the lists of pending requests, newest first.
CREATE INDEX friend_requests_incoming ON social.friend_requests (to_id, create_time, request_id) WHERE status = 1;
CREATE INDEX friend_requests_outgoing ON social.friend_requests (from_id, create_time, request_id) WHERE status = 1;

-- Two rows for each friendship, one for either side.
CREATE TABLE social.friendships (
    user_id     uuid   NOT NULL,
    friend_id   uuid   NOT NULL,
    create_time bigint NOT NULL,
    CONSTRAINT friendships_pkey PRIMARY KEY (user_id, friend_id),
    CONSTRAINT friendships_between_two CHECK (user_id <> friend_id)
);

-- Serves the list of friends, newest friendship first.
CREATE INDEX friendships_of_user ON social.friendships (user_id, create_time, friend_id);

-- Events that were not delivered yet. Rows come and go: vacuum often.
CREATE TABLE social.outbox (
    event_id     uuid     NOT NULL,
    recipient_id uuid     NOT NULL,
    actor_id     uuid     NOT NULL,
    request_id   uuid     NOT NULL,
    occur_time   bigint   NOT NULL,
    -- Until then nobody claims it: whoever has it is delivering it, or it is deferred. Absent before the first claim.
    lease_end    bigint,
    deferrals    integer  NOT NULL DEFAULT 0,
    -- Set aside after too many deferrals. To release it: SET parked = false, deferrals = 0, lease_end = NULL.
    parked       boolean  NOT NULL DEFAULT false,
    kind         smallint NOT NULL,  -- 1 friend request received, 2 friend request accepted
    CONSTRAINT outbox_pkey PRIMARY KEY (event_id),
    CONSTRAINT outbox_kind_known CHECK (kind IN (1, 2))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Serves the claim of the oldest ones. Partial: however many are parked, a claim never walks past them. What a claim
-- changes is in no index (HOT).
CREATE INDEX outbox_by_time ON social.outbox (occur_time, event_id) WHERE NOT parked;
