-- name: taken
SELECT event_id, referral_id, sequence, partition, "offset", synthetic, received_at FROM intake.accounting
WHERE ($1::timestamptz IS NULL OR received_at >= $1) AND ($2::uuid[] IS NULL OR referral_id = ANY ($2))
ORDER BY event_id;

-- name: decided
SELECT cause_id, bool_and(published) AS published, min(referral_id::text)::uuid AS referral_id,
       count(DISTINCT decision_id) AS decisions
FROM triage.accounting GROUP BY cause_id ORDER BY cause_id;

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

-- name: recorded_receipts
SELECT event_id, stream, topic, partition, "offset", headers, causation_id, referral_id FROM audit.record
WHERE topic = 'referrals.received' AND event_id IS NOT NULL AND gap_to IS NULL AND headers IS NOT NULL
ORDER BY event_id, recorded_at;

-- name: receipts
SELECT event_id, digest, recorded FROM intake.digests ORDER BY event_id;

-- name: receipts_behind
-- Of the events that people edited, by their ids; of records without one, all of their referrals.
SELECT event_id, referral_id, digest, recorded FROM intake.digests
WHERE event_id = ANY ($1::uuid[]) OR referral_id = ANY ($2::uuid[]);

-- name: stored_ends
-- The highest offset that anything stored for each partition in this generation of the topics.
SELECT topic, partition, max("offset") AS "offset"
FROM (
    SELECT topic, partition, "offset" FROM intake.outbox
    UNION ALL
    SELECT topic, partition, "offset" FROM triage.output
    UNION ALL
    SELECT topic, partition, "offset" FROM audit.head WHERE stream = $1
) AS stored
WHERE "offset" IS NOT NULL AND partition IS NOT NULL
GROUP BY topic, partition;

-- name: publish_again
-- A record is lost where its partition is gone, ends before it, or begins with what was written after it. What triage
-- made of an event is published again when the event is. What was disposed of has nothing to publish any more. What was made
-- of no event of intake (a hold of a parked record, what was edited) has no place in Kafka any more, and is no longer looked for there.
WITH held AS (
    SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::timestamptz[])
        AS held (topic, partition, starts, ends, since)
), published AS (
    SELECT event_id, topic, partition, coalesce("offset", 0) AS "offset", published_at FROM intake.outbox
    UNION ALL
    SELECT cause_id, topic, partition, coalesce("offset", 0), published_at FROM triage.output
), lost AS (
    SELECT DISTINCT event_id FROM published LEFT JOIN held USING (topic, partition)
    WHERE published_at IS NOT NULL
      AND (ends IS NULL OR "offset" >= ends OR ("offset" >= starts AND published_at < since))
), events AS (
    UPDATE intake.outbox SET published_at = NULL, partition = NULL, "offset" = NULL
    WHERE event_id IN (SELECT event_id FROM lost) AND published_at IS NOT NULL AND value <> ''
    RETURNING event_id
), outputs AS (
    UPDATE triage.output SET published_at = NULL, "offset" = NULL
    WHERE cause_id IN (SELECT event_id FROM events) AND published_at IS NOT NULL
    RETURNING event_id
), elsewhere AS (
    UPDATE triage.output SET "offset" = NULL
    WHERE cause_id IN (SELECT event_id FROM lost EXCEPT SELECT event_id FROM events) AND "offset" IS NOT NULL
)
SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM outputs) AS outputs;

-- name: announce_rules_again
UPDATE triage.activation SET announced_at = NULL WHERE announced_at < $1;

-- name: announce_refusals_again
UPDATE triage.refusal SET announced_at = NULL WHERE announced_at < $1;

-- name: unpublished
SELECT events, oldest FROM intake.unpublished;

-- name: hub_queue
SELECT reason, urgency, synthetic, count(*) AS referrals, min(since) AS oldest,
       count(*) FILTER (WHERE due_at < now()) AS overdue
FROM triage.hub_queue GROUP BY reason, urgency, synthetic;

-- name: edits
SELECT event_id, causation_id FROM audit.edited;

-- name: newest_stream
SELECT stream FROM audit.heads ORDER BY recorded_at DESC LIMIT 1;

-- name: dead_letters
-- What was disposed of has no headers any more: nothing of it can be worked.
SELECT stream, topic, partition, "offset", event_id, referral_id, type, synthetic, recorded_at, headers
FROM audit.record WHERE topic LIKE '%.dlq.%' AND gap_to IS NULL AND headers IS NOT NULL
ORDER BY recorded_at, topic, partition, "offset";

-- name: worked
SELECT value FROM audit.record
WHERE type = 'frontdoor.dead-letter.worked.v1' AND topic = 'frontdoor.operations' AND value IS NOT NULL
ORDER BY recorded_at, "offset";

-- name: dead_letter
SELECT key, value, headers FROM audit.record WHERE stream = $1 AND topic = $2 AND partition = $3 AND "offset" = $4;

-- name: alone
-- One person at a time changes what stands about dead letters; given up with the connection.
SELECT pg_advisory_lock(hashtextextended('frontdoor.dead-letters', 0));

-- name: not_alone
SELECT pg_advisory_unlock(hashtextextended('frontdoor.dead-letters', 0));

-- name: receipt_of
-- The event of intake that a parked record is: by its id, else by where it lies.
SELECT event_id, referral_id, sequence FROM intake.accounting
WHERE event_id = $1 OR (partition = $2 AND "offset" = $3) ORDER BY event_id = $1 DESC NULLS LAST LIMIT 1;

-- name: hold_of
-- The hold that triage made of a parked record; of one that it had parked before, the one that it made then.
SELECT decision_id, referral_id FROM triage.accounting
WHERE kind = 'hold' AND published AND cause_id IN (
    SELECT $1::uuid
    UNION ALL
    SELECT first.cause_id FROM triage.parked AS again JOIN triage.parked AS first USING (event_id, digest)
    WHERE again.cause_id = $1
)
ORDER BY cause_id = $1 DESC LIMIT 1;

-- name: decided_of
-- Those of these causes that are decided.
SELECT DISTINCT cause_id FROM triage.accounting WHERE cause_id = ANY ($1::uuid[]);

-- name: output_of
-- The decision that a record of a routed topic publishes.
SELECT decision_id, referral_id FROM triage.accounting
WHERE output_event_id = $1 OR (topic = $2 AND partition = $3 AND "offset" = $4) LIMIT 1;
