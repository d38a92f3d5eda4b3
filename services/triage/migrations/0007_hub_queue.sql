-- All that waits for a person at the hub: who is held, who was sent to a destination that the hub answers for (an emergency goes
-- there at once, and is nobody's until somebody has taken it up), and who was sent to a team that has not answered in time.

ALTER TABLE triage.referral
    ADD COLUMN unanswered       text,            -- of one that is routed: 'hub' or 'team', whose answer it waits for
    ADD COLUMN unanswered_since timestamptz;
CREATE INDEX referral_unanswered ON triage.referral (due_at) WHERE unanswered IS NOT NULL;

UPDATE triage.referral AS r
SET unanswered = CASE convert_from(d.document, 'UTF8')::json ->> 'care_setting' WHEN 'front-door' THEN 'hub' ELSE 'team' END,
    unanswered_since = d.decided_at, due_at = told.due_at
FROM triage.decision AS d CROSS JOIN LATERAL triage.told(d.document) AS told
WHERE d.decision_id = r.decision_id AND r.hold_reason IS NULL AND told.status = 'routed';

CREATE VIEW triage.hub_queue AS
SELECT r.referral_id, coalesce(r.hold_reason, CASE r.unanswered WHEN 'hub' THEN 'sent-to-hub' ELSE 'unanswered' END) AS reason,
       d.urgency, r.due_at,
       CASE WHEN r.hold_reason IS NOT NULL THEN r.held_since WHEN r.unanswered = 'hub' THEN r.unanswered_since ELSE r.due_at END
           AS since
FROM triage.referral AS r JOIN triage.decision AS d USING (decision_id)
WHERE r.hold_reason IS NOT NULL OR r.unanswered = 'hub' OR (r.unanswered = 'team' AND r.due_at <= now());

GRANT SELECT ON triage.hub_queue TO frontdoor_triage, frontdoor_reader;
