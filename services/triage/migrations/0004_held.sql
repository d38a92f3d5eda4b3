-- The hub's queue: which referrals wait for a person, why, since when, and by when one must have looked.

ALTER TABLE triage.referral
    ADD COLUMN hold_reason text,                 -- null where it is not held; the next two are of the hold too
    ADD COLUMN held_since  timestamptz,          -- of the first decision of this hold: news about it makes it no younger
    ADD COLUMN due_at      timestamptz;
CREATE INDEX referral_held ON triage.referral (held_since) WHERE hold_reason IS NOT NULL;

WITH told AS (
    SELECT referral_id, decision_id, sequence, decided_at, convert_from(document, 'UTF8')::json AS document
    FROM triage.decision WHERE referral_id IS NOT NULL AND document <> ''
)
UPDATE triage.referral AS r
SET hold_reason = t.document ->> 'hold_reason',
    due_at = (t.document ->> 'due_at')::timestamptz,
    held_since = (
        SELECT min(h.decided_at) FROM told AS h
        WHERE h.referral_id = r.referral_id AND h.sequence > coalesce((
            SELECT max(n.sequence) FROM told AS n
            WHERE n.referral_id = r.referral_id AND n.document ->> 'hold_reason' IS NULL
        ), 0)
    )
FROM told AS t
WHERE t.decision_id = r.decision_id AND t.document ->> 'hold_reason' IS NOT NULL;

CREATE VIEW triage.held AS
SELECT r.referral_id, r.hold_reason, d.urgency, r.held_since, r.due_at
FROM triage.referral AS r JOIN triage.decision AS d USING (decision_id) WHERE r.hold_reason IS NOT NULL;

GRANT SELECT ON triage.held TO frontdoor_triage, frontdoor_reader;
