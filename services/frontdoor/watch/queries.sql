-- name: events
-- What came since then, and what is still followed.
SELECT event_id, referral_id, sequence, partition, "offset", synthetic, received_at FROM intake.accounting
WHERE received_at >= $1 OR event_id = ANY ($2::uuid[]);

-- name: newest_received
SELECT received_at FROM intake.accounting ORDER BY received_at DESC LIMIT 1;

-- name: newest_decided
SELECT decided_at FROM triage.accounting ORDER BY decided_at DESC LIMIT 1;

-- name: receipts
SELECT event_id FROM intake.accounting WHERE event_id = ANY ($1::uuid[]);

-- name: parked
SELECT cause_id, referral_id, topic, partition, "offset", code, parked_at FROM triage.parked;

-- name: events_at
-- The event of intake at each of these places; of the same referral, since topics made anew count from 0 again.
SELECT place.hold, a.event_id FROM intake.accounting AS a
JOIN unnest($1::uuid[], $2::uuid[], $3::integer[], $4::bigint[]) AS place (hold, referral_id, partition, "offset")
ON a.partition = place.partition AND a."offset" = place."offset"
    AND (place.referral_id IS NULL OR a.referral_id = place.referral_id);

-- name: decisions
-- All decisions of these causes, and of every cause on which one was made since then; a row for each output.
WITH causes AS (
    SELECT unnest($1::uuid[]) AS cause_id UNION SELECT cause_id FROM triage.accounting WHERE decided_at >= $2
)
SELECT cause_id, decision_id, referral_id, decided_at, published, output_event_id
FROM triage.accounting JOIN causes USING (cause_id);

-- name: edits
SELECT event_id, causation_id FROM audit.edited;

-- name: worked
SELECT event_id, causation_id FROM audit.worked;

-- name: causes_of
SELECT DISTINCT cause_id FROM triage.accounting WHERE output_event_id = ANY ($1::uuid[]);

-- name: audited
SELECT event_id FROM audit.accounting WHERE event_id = ANY ($1::uuid[]);

-- name: asked
-- All that was ever asked about these referrals: a cancellation says nothing of how urgent the person is.
SELECT referral_id, locality, urgency FROM intake.asked WHERE referral_id = ANY ($1::uuid[]);

-- name: standing
SELECT referral_id, locality, urgency FROM triage.standing WHERE referral_id = ANY ($1::uuid[]);

-- name: answers
-- Where the referrals stand on which something was decided since then.
SELECT referral_id, decision_id, status, destination, urgency, locality, decided_at, due_at, synthetic
FROM triage.standing WHERE decided_at >= $1;

-- name: unanswered
SELECT referral_id, decision_id, status, destination, urgency, locality, decided_at, due_at, synthetic
FROM triage.standing WHERE status IS NULL OR status IN ('held', 'routed', 'returned');

-- name: canary
-- When intake took it, and when audit had the first decision on it.
SELECT e.received_at, (
    SELECT min(a.recorded_at) FROM audit.accounting AS a
    WHERE a.referral_id = e.referral_id AND a.type LIKE 'frontdoor.decision.%'
) AS audited_at
FROM intake.accounting AS e WHERE e.referral_id = $1 AND e.sequence = 1 AND e.synthetic;
