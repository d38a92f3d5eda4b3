-- Made-up people (a vendor's test, a canary) wait at the hub too, where a live hub does not see them: told apart, they hide
-- nobody. Synthetic is the whole header as it is packed (two netstrings): these bytes are nothing else.

CREATE OR REPLACE VIEW triage.hub_queue AS
SELECT r.referral_id, coalesce(r.hold_reason, CASE r.unanswered WHEN 'hub' THEN 'sent-to-hub' ELSE 'unanswered' END) AS reason,
       d.urgency, r.due_at,
       CASE WHEN r.hold_reason IS NOT NULL THEN r.held_since WHEN r.unanswered = 'hub' THEN r.unanswered_since ELSE r.due_at END
           AS since,
       EXISTS (
           SELECT FROM triage.output AS o
           WHERE o.cause_id = d.cause_id AND position('12:ce_synthetic4:true'::bytea IN o.headers) > 0
       ) AS synthetic
FROM triage.referral AS r JOIN triage.decision AS d USING (decision_id)
WHERE r.hold_reason IS NOT NULL OR r.unanswered = 'hub' OR (r.unanswered = 'team' AND r.due_at <= now());
