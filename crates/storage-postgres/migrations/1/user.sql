-- Profiles. The schema is not called «user» because that is a reserved word.

CREATE SCHEMA profile;

CREATE TABLE profile.profiles (
    user_id     uuid             NOT NULL,
    create_time bigint           NOT NULL,
    update_time bigint           NOT NULL,
    nickname    text COLLATE "C" NOT NULL,
    bio         text COLLATE "C",
    avatar_url  text COLLATE "C",
    CONSTRAINT profiles_pkey PRIMARY KEY (user_id),
    -- Bytewise order: the same index serves the search by prefix.
    CONSTRAINT profiles_one_per_nickname UNIQUE (nickname)
);
