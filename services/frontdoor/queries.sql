-- name: taken
SELECT event_id, referral_id, sequence, partition, "offset", synthetic, received_at FROM intake.accounting
WHERE ($1::timestamptz IS NULL OR received_at >= $1) AND ($2::uuid[] IS NULL OR referral_id = ANY ($2))
ORDER BY event_id;

-- name: decided
SELECT cause_id, bool_and(published) AS published, referral_id FROM triage.accounting
GROUP BY cause_id, referral_id ORDER BY cause_id;

-- name: outputs
SELECT output_event_id, cause_id, referral_id, published, topic, partition, "offset" FROM triage.accounting
ORDER BY output_event_id;

-- name: audited
SELECT event_id FROM audit.accounting WHERE event_id IS NOT NULL ORDER BY event_id;

-- name: parked
SELECT cause_id, referral_id, topic, partition, "offset", code, parked_at FROM triage.parked
WHERE ($1::timestamptz IS NULL OR parked_at >= $1) AND ($2::uuid[] IS NULL OR referral_id = ANY ($2));

-- name: heads
SELECT topic, partition, "offset" FROM audit.heads
WHERE stream = (SELECT stream FROM audit.heads ORDER BY recorded_at DESC LIMIT 1);

-- name: causes
SELECT event_id, referral_id, sequence, partition, "offset", synthetic, received_at FROM intake.accounting
WHERE ($1::timestamptz IS NULL OR received_at >= $1) AND ($2::uuid[] IS NULL OR referral_id = ANY ($2))
  AND event_id = ANY ($3::uuid[]);

-- name: story
-- Each event once: its first row, and apart from that its first dead letter; what has no id stands for itself.
SELECT DISTINCT ON (dead_letter, identity)
    stream, topic, partition, "offset", event_id, referral_id, type, causation_id, at, sequence, synthetic, recorded_at,
    headers, value, value_digest IS NOT NULL AND value IS NULL AS disposed
FROM audit.record
CROSS JOIN LATERAL (
    SELECT topic LIKE '%.dlq.%' AS dead_letter,
           coalesce(event_id::text, concat_ws(' ', stream, topic, partition, "offset")) AS identity
) AS known
WHERE referral_id = coalesce(
    (SELECT referral_id FROM audit.record WHERE event_id = $1 AND referral_id IS NOT NULL LIMIT 1), $1
)
ORDER BY dead_letter, identity, recorded_at, "offset";

-- name: rule_sets
SELECT value FROM audit.record
WHERE type = 'frontdoor.rules.activated.v1' AND value IS NOT NULL
ORDER BY recorded_at DESC;
