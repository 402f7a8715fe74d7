-- Chats and their messages. What belongs to a chat has chat_id first in its primary key: it can be partitioned by it.

CREATE SCHEMA chat;

CREATE TABLE chat.chats (
    chat_id       uuid   NOT NULL,
    lower_id      uuid   NOT NULL,  -- the members, in order
    higher_id     uuid   NOT NULL,
    create_time   bigint NOT NULL,
    last_sequence bigint NOT NULL,  -- of the newest message; 0 before the first
    last_activity bigint NOT NULL,  -- create_time of the newest message; before the first, of the chat
    lower_behind  bigint NOT NULL DEFAULT 0,  -- messages that the lower member's row in chat.activities does not know of
    higher_behind bigint NOT NULL DEFAULT 0,  -- the same of the higher member's
    CONSTRAINT chats_pkey PRIMARY KEY (chat_id),
    -- One chat per pair, for ever.
    CONSTRAINT chats_one_per_pair UNIQUE (lower_id, higher_id),
    CONSTRAINT chats_members_in_order CHECK (lower_id < higher_id)
) WITH (fillfactor = 70);  -- every send changes the row: no index on what changes, and room in its page (HOT)

-- Where each chat stands in each member's list, as far as it was written down: a send changes no row here, it only says
-- in chat.behind that one has fallen behind. So lists have an index in their order, and sends do not pay for it.
CREATE TABLE chat.activities (
    user_id uuid   NOT NULL,
    chat_id uuid   NOT NULL,
    time    bigint NOT NULL,  -- last_activity of the chat when it was written down
    CONSTRAINT activities_pkey PRIMARY KEY (user_id, chat_id)
);

-- Serves the list, newest first.
CREATE INDEX activities_by_time ON chat.activities (user_id, time, chat_id);

-- The rows of chat.activities that have fallen behind: one insert at the first message after they were written down.
CREATE TABLE chat.behind (
    user_id uuid NOT NULL,
    chat_id uuid NOT NULL,
    CONSTRAINT behind_pkey PRIMARY KEY (user_id, chat_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

CREATE TABLE chat.messages (
    chat_id           uuid             NOT NULL,
    message_id        uuid             NOT NULL,
    sender_id         uuid             NOT NULL,
    sequence          bigint           NOT NULL,
    create_time       bigint           NOT NULL,
    text              text COLLATE "C" NOT NULL,
    client_message_id text COLLATE "C",
    CONSTRAINT messages_pkey PRIMARY KEY (chat_id, sequence)
);

-- A send that is retried is stored once. Partial: most rows carry no such id and cost nothing.
CREATE UNIQUE INDEX messages_one_per_client_message_id
    ON chat.messages (chat_id, sender_id, client_message_id) WHERE client_message_id IS NOT NULL;

-- The newest moment that a walk through a user's chats began at, where clocks alone do not make what is sent
-- afterwards later than it.
CREATE TABLE chat.walks (
    user_id uuid   NOT NULL,
    as_of   bigint NOT NULL,
    CONSTRAINT walks_pkey PRIMARY KEY (user_id)
) WITH (fillfactor = 50);

-- Events that were not delivered yet. Rows come and go: vacuum often.
CREATE TABLE chat.outbox (
    event_id     uuid   NOT NULL,
    recipient_id uuid   NOT NULL,
    actor_id     uuid   NOT NULL,
    chat_id      uuid   NOT NULL,
    message_id   uuid   NOT NULL,
    occur_time   bigint NOT NULL,
    -- Until then nobody claims it: whoever has it is delivering it, or it is deferred. Absent before the first claim.
    lease_end    bigint,
    deferrals    integer NOT NULL DEFAULT 0,
    -- Set aside after too many deferrals. To release it: SET parked = false, deferrals = 0, lease_end = NULL.
    parked       boolean NOT NULL DEFAULT false,
    CONSTRAINT outbox_pkey PRIMARY KEY (event_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Serves the claim of the oldest ones. Partial: however many are parked, a claim never walks past them. What a claim
-- changes is in no index (HOT).
CREATE INDEX outbox_by_time ON chat.outbox (occur_time, event_id) WHERE NOT parked;

-- The present moment, not that of the transaction's beginning.
CREATE FUNCTION chat.clock_micros() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
$$;

-- What a walk and the sends to the walker's chats exclude each other by.
CREATE FUNCTION chat.walk_lock(user_id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT uuid_hash_extended(user_id, 1)
$$;

-- Keeps walks of these users from beginning until the transaction ends, and tells the moments that their walks
-- began at. The locks are taken in one order everywhere, and before any row is locked: no deadlock. Volatile, so
-- that the moments are read after the locks were granted and not as they were before.
CREATE FUNCTION chat.hold_walks(members uuid[]) RETURNS TABLE (user_id uuid, as_of bigint) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    key bigint;
BEGIN
    FOR key IN SELECT DISTINCT chat.walk_lock(member) AS held FROM unnest(members) AS member ORDER BY held LOOP
        PERFORM pg_advisory_xact_lock_shared(key);
    END LOOP;
    RETURN QUERY SELECT walks.user_id, walks.as_of FROM chat.walks WHERE walks.user_id = ANY (members);
END
$$;

-- The sequence of the chat's first message of this moment or later, or the one after its newest: binary search over
-- the primary key, since times never go backwards within a chat.
CREATE FUNCTION chat.first_sequence_since(chat uuid, newest bigint, since bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low    bigint := 1;
    high   bigint := newest + 1;
    middle bigint;
BEGIN
    WHILE low < high LOOP
        middle := low + (high - low) / 2;
        IF (SELECT message.create_time >= since FROM chat.messages AS message
            WHERE message.chat_id = chat AND message.sequence = middle) THEN
            high := middle;
        ELSE
            low := middle + 1;
        END IF;
    END LOOP;
    RETURN low;
END
$$;

-- Where a chat that was written to after `moment` stood then; nothing if it did not exist.
CREATE FUNCTION chat.activity_as_of(chat uuid, chat_create_time bigint, newest bigint, moment bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT message.create_time FROM chat.messages AS message
         WHERE message.chat_id = chat AND message.sequence = chat.first_sequence_since(chat, newest, moment + 1) - 1),
        CASE WHEN chat_create_time <= moment THEN chat_create_time END
    )
$$;

-- Writes down where the walker's chats stand that have fallen behind. To be called while nothing is sent to them: the
-- walker's lock is held.
CREATE FUNCTION chat.catch_up(walker uuid) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE chat.activities AS entry SET time = chats.last_activity
    FROM chat.behind JOIN chat.chats USING (chat_id)
    WHERE behind.user_id = walker AND entry.user_id = walker AND entry.chat_id = behind.chat_id;

    UPDATE chat.chats SET lower_behind = CASE WHEN lower_id = walker THEN 0 ELSE lower_behind END,
                          higher_behind = CASE WHEN higher_id = walker THEN 0 ELSE higher_behind END
    FROM chat.behind WHERE behind.user_id = walker AND chats.chat_id = behind.chat_id;

    DELETE FROM chat.behind WHERE behind.user_id = walker;
END
$$;

-- Begins a walk through a user's chats: its moment, and the first chats with their last messages.
--
-- While it reads, nothing is sent to these chats, and whatever is sent later is later than the moment: by the clock
-- if that has passed the moment already, or else by the note in chat.walks.
CREATE FUNCTION chat.begin_walk(walker uuid, present bigint, by_clock boolean, size bigint)
RETURNS TABLE (
    as_of bigint, chat_id uuid, lower_id uuid, higher_id uuid, create_time bigint, last_activity bigint,
    sequence bigint, message_id uuid, sender_id uuid, message_time bigint, text text, client_message_id text
) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    moment bigint;
    page   uuid[];
    newest bigint;
    few    bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(chat.walk_lock(walker));
    moment := CASE WHEN by_clock THEN greatest(present, chat.clock_micros()) ELSE present END;
    SELECT count(*) INTO few FROM chat.behind WHERE behind.user_id = walker;
    -- Few are put in their places as they are read; many are written down once, so that every list stays a page's work.
    IF few > 100 THEN
        PERFORM chat.catch_up(walker);
        few := 0;
    END IF;
    SELECT array_agg(mine.chat_id ORDER BY mine.time DESC, mine.chat_id DESC), max(mine.time)
    INTO page, newest
    FROM (
        SELECT written.chat_id, written.time FROM (
            -- So many more may be behind, and no more.
            SELECT entry.chat_id, entry.time FROM chat.activities AS entry WHERE entry.user_id = walker
            ORDER BY entry.time DESC, entry.chat_id DESC LIMIT size + few
        ) AS written
        WHERE NOT EXISTS (SELECT FROM chat.behind WHERE behind.user_id = walker AND behind.chat_id = written.chat_id)
        UNION ALL
        SELECT chats.chat_id, chats.last_activity FROM chat.behind JOIN chat.chats USING (chat_id)
        WHERE behind.user_id = walker
        ORDER BY time DESC, chat_id DESC
        LIMIT size
    ) AS mine;
    moment := greatest(moment, newest);
    IF NOT by_clock OR chat.clock_micros() <= moment THEN
        INSERT INTO chat.walks AS walk (user_id, as_of) VALUES (walker, moment)
        ON CONFLICT (user_id) DO UPDATE SET as_of = excluded.as_of WHERE walk.as_of < excluded.as_of;
    END IF;
    RETURN QUERY
        SELECT moment, chats.chat_id, chats.lower_id, chats.higher_id, chats.create_time, chats.last_activity,
               messages.sequence, messages.message_id, messages.sender_id, messages.create_time, messages.text,
               messages.client_message_id
        FROM (SELECT) AS always
        LEFT JOIN unnest(page) WITH ORDINALITY AS listed (chat_id, place) ON true
        LEFT JOIN chat.chats ON chats.chat_id = listed.chat_id
        LEFT JOIN chat.messages ON messages.chat_id = listed.chat_id AND messages.sequence = chats.last_sequence
        ORDER BY listed.place;
END
$$;
