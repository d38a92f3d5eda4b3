-- What `frontdoor watch` asks of intake: what came since it last looked, and how urgent what is not through is.

CREATE INDEX receipt_received ON intake.receipt (received_at);

-- How urgent an event said that it is, out of the coded event (no identity is in it); what its sender was told to phone
-- about is an emergency. Null where nothing was said, or nothing can be read: one such row must not hide all others.
CREATE FUNCTION intake.urgency(value bytea, answer bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said text;
BEGIN
    IF position('"emergency":true'::bytea IN answer) > 0 THEN
        RETURN '1';
    END IF;
    said := convert_from(value, 'UTF8')::json #>> '{referral,referrer,urgency}';
    RETURN CASE WHEN said IN ('1', '4', '2', '3') THEN said END;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;

CREATE VIEW intake.asked AS
SELECT e.event_id, e.referral_id, f.locality, intake.urgency(o.value, e.answer) AS urgency
FROM intake.receipt AS e
JOIN intake.referral AS f USING (referral_id)
LEFT JOIN intake.outbox AS o USING (event_id);

GRANT SELECT ON intake.asked TO frontdoor_reader;
GRANT EXECUTE ON FUNCTION intake.urgency(bytea, bytea) TO frontdoor_reader;
