-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended('frontdoor.audit.' || place, 0)) FROM unnest($1::text[]) AS place;

-- name: heads
SELECT topic, partition, "offset", hash FROM audit.head WHERE stream = $1;

-- name: heads_of
SELECT topic, partition, "offset", hash FROM audit.head
JOIN unnest($2::text[], $3::integer[]) AS place (topic, partition) USING (topic, partition)
WHERE stream = $1;

-- name: fingerprints
SELECT topic, partition, "offset", kafka_time, key, headers_digest, value_digest FROM audit.record
JOIN unnest($2::text[], $3::integer[], $4::bigint[]) AS place (topic, partition, "offset")
USING (topic, partition, "offset")
WHERE stream = $1 AND gap_to IS NULL;

-- name: insert
INSERT INTO audit.record (
    stream, topic, partition, "offset", kafka_time, key, headers, value, headers_digest, value_digest,
    event_id, referral_id, type, causation_id, at, accepted_time, synthetic, sequence, gap_to,
    recorded_at, previous, hash
)
SELECT $1, * FROM unnest(
    $2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[],
    $10::bytea[], $11::uuid[], $12::uuid[], $13::text[], $14::uuid[], $15::timestamptz[], $16::timestamptz[],
    $17::boolean[], $18::bigint[], $19::bigint[], $20::timestamptz[], $21::bytea[], $22::bytea[]
);

-- name: move_heads
INSERT INTO audit.head (stream, topic, partition, "offset", hash, recorded_at)
SELECT $1, topic, partition, "offset", hash, $6
FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bytea[]) AS head (topic, partition, "offset", hash)
ON CONFLICT (stream, topic, partition)
DO UPDATE SET "offset" = excluded."offset", hash = excluded.hash, recorded_at = excluded.recorded_at;

-- name: places
SELECT stream, topic, partition FROM audit.head
UNION
SELECT DISTINCT stream, topic, partition FROM audit.record
ORDER BY stream, topic, partition;

-- name: head
SELECT "offset", hash FROM audit.head WHERE stream = $1 AND topic = $2 AND partition = $3;

-- name: rows
SELECT
    r."offset", kafka_time, key, headers, value, headers_digest, value_digest, event_id, referral_id, type,
    causation_id, at, accepted_time, synthetic, sequence, gap_to, recorded_at, previous, hash,
    d."offset" IS NOT NULL AS disposed
FROM audit.record AS r
LEFT JOIN audit.disposal AS d USING (stream, topic, partition, "offset")
WHERE stream = $1 AND topic = $2 AND partition = $3
ORDER BY r."offset";

-- name: published_heads
SELECT DISTINCT ON (stream) stream, "offset", value FROM audit.record
WHERE type = 'frontdoor.audit.headed.v1' AND topic = $1 AND value IS NOT NULL
ORDER BY stream, "offset" DESC;

-- name: dead_letters
SELECT stream, headers FROM audit.record
WHERE topic LIKE '%.dlq.%' AND gap_to IS NULL AND headers IS NOT NULL AND recorded_at >= $1;

-- name: worked
SELECT value FROM audit.record
WHERE type = 'frontdoor.dead-letter.worked.v1' AND topic = 'frontdoor.operations' AND value IS NOT NULL
  AND recorded_at >= $1;
