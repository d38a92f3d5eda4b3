-- What `frontdoor watch` asks of triage: what was decided since it last looked, and what waits for somebody's answer.

CREATE INDEX decision_decided ON triage.decision (decided_at);

CREATE OR REPLACE VIEW triage.accounting AS
SELECT d.cause_id, d.referral_id, d.decision_id, d.kind, d.destination, d.urgency, d.ruleset_hash,
       o.published_at IS NOT NULL AS published, o.event_id AS output_event_id, o.topic, o.partition, o."offset",
       d.decided_at
FROM triage.decision d JOIN triage.output o USING (cause_id);

-- Of a decision's document, no fact of it; all null where it cannot be read: one such row must not hide all others.
CREATE FUNCTION triage.told(document bytea, OUT status text, OUT locality text, OUT due_at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT d.status, d.locality, d.due_at INTO told.status, told.locality, told.due_at
    FROM json_to_record(convert_from(told.document, 'UTF8')::json) AS d (status text, locality text, due_at timestamptz);
EXCEPTION WHEN data_exception THEN
    NULL;
END
$$;

-- Where each referral stands, and by when who has it must have acted. Synthetic is the whole header as it is packed (two
-- netstrings): these bytes are nothing else.
CREATE VIEW triage.standing AS
SELECT d.referral_id, d.decision_id, told.status, d.destination, d.urgency, told.locality, d.decided_at, told.due_at,
       EXISTS (
           SELECT FROM triage.output AS o
           WHERE o.cause_id = d.cause_id AND position('12:ce_synthetic4:true'::bytea IN o.headers) > 0
       ) AS synthetic
FROM triage.decision AS d
JOIN triage.referral AS r ON r.referral_id = d.referral_id AND r.decision_id = d.decision_id
CROSS JOIN LATERAL triage.told(d.document) AS told;

GRANT SELECT ON triage.standing TO frontdoor_reader;
GRANT EXECUTE ON FUNCTION triage.told(bytea) TO frontdoor_reader;
