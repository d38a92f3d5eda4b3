-- Messages of MESH that could not be taken: kept here before they are acknowledged, since MESH then forgets them. Somebody
-- may be waiting behind each of them, so each stays open until a person settles it.

CREATE TABLE intake.invalid (
    mailbox        text NOT NULL,                      -- ours
    message_id     text NOT NULL,                      -- MESH's
    sender         text NOT NULL,                      -- the mailbox it came from
    source         text,                               -- whom that mailbox stands for; null: nobody here
    workflow       text NOT NULL,                      -- MESH's workflow id
    synthetic      boolean NOT NULL,
    received_at    timestamptz NOT NULL,
    status         integer NOT NULL,                   -- as of HTTP
    code           text NOT NULL,                      -- of a problem, or `undelivered`
    problem        bytea NOT NULL,                     -- JSON: places and codes, no values
    emergency      boolean NOT NULL,                   -- it says so itself, as far as it could be read
    original       bytea,                              -- what there is of it
    settled_at     timestamptz,
    settled_by     text,
    settled_reason text,
    PRIMARY KEY (mailbox, message_id),
    CHECK ((settled_at IS NULL) = (settled_by IS NULL) AND (settled_at IS NULL) = (settled_reason IS NULL))
);
CREATE INDEX invalid_unsettled ON intake.invalid (mailbox, received_at) WHERE settled_at IS NULL;

CREATE VIEW intake.invalid_messages AS
SELECT mailbox, message_id, sender, source, workflow, synthetic, received_at, status, code,
       convert_from(problem, 'UTF8')::jsonb -> 'errors' AS errors, emergency, octet_length(original) AS bytes,
       settled_at, settled_by, settled_reason
FROM intake.invalid;

-- Settles a message, with who and why. With `dispose` its bytes go too, also later: they hold whatever the sender put into
-- them. The mailbox may be left out, unless the id came to two of ours.
CREATE FUNCTION intake.settle(the_message text, why text, dispose boolean DEFAULT false, the_mailbox text DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    settled integer;
BEGIN
    IF why IS NULL OR btrim(why) = '' THEN
        RAISE EXCEPTION 'a message is settled with a reason';
    END IF;
    UPDATE intake.invalid
    SET settled_at = coalesce(settled_at, now()),
        settled_by = coalesce(settled_by, session_user),
        settled_reason = coalesce(settled_reason, why),
        original = CASE WHEN dispose THEN NULL ELSE original END
    WHERE message_id = the_message AND (the_mailbox IS NULL OR mailbox = the_mailbox);
    GET DIAGNOSTICS settled = ROW_COUNT;
    IF settled > 1 THEN
        RAISE EXCEPTION 'this id came to more than one mailbox: name the mailbox';
    END IF;
    RETURN settled;
END
$$;

GRANT SELECT, INSERT ON intake.invalid TO frontdoor_intake;
GRANT SELECT ON intake.invalid_messages TO frontdoor_reader;
GRANT SELECT ON intake.invalid TO frontdoor_disposer;
GRANT EXECUTE ON FUNCTION intake.settle TO frontdoor_disposer;
