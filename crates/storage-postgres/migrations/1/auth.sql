-- Accounts and sessions. All times of all schemas are whole microseconds since 1970-01-01T00:00:00Z.

CREATE SCHEMA auth;

CREATE TABLE auth.accounts (
    user_id       uuid             NOT NULL,
    email         text COLLATE "C" NOT NULL,  -- as its owner wrote it
    email_key     text COLLATE "C" NOT NULL,  -- folded by the domain: what makes two addresses one
    password_hash text COLLATE "C" NOT NULL,
    create_time   bigint           NOT NULL,
    CONSTRAINT accounts_pkey PRIMARY KEY (user_id),
    CONSTRAINT accounts_one_per_email UNIQUE (email_key)
);

CREATE TABLE auth.sessions (
    session_id   uuid   NOT NULL,
    user_id      uuid   NOT NULL,
    generation   bigint NOT NULL,
    create_time  bigint NOT NULL,
    refresh_time bigint NOT NULL,
    expire_time  bigint NOT NULL,
    end_time     bigint,               -- absent while it stands
    salt         bytea  NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (session_id),
    CONSTRAINT sessions_salt_has_16_bytes CHECK (octet_length(salt) = 16)
) WITH (fillfactor = 80);  -- a refresh changes no indexed column: room to keep it in its page

-- Serves the list of a user's sessions, newest first, and ending them all.
CREATE INDEX sessions_standing_of_user ON auth.sessions (user_id, create_time, session_id) WHERE end_time IS NULL;

-- Serves every verifier that asks, once a second, what has ended lately.
CREATE INDEX sessions_by_end ON auth.sessions (end_time) WHERE end_time IS NOT NULL;
