-- A message of MESH is settled once: who settled it first, when and why is kept. Its key is our mailbox and MESH's id.

DROP FUNCTION intake.settle(text, text, boolean);

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

GRANT EXECUTE ON FUNCTION intake.settle TO frontdoor_disposer;
