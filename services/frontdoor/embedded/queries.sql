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

-- name: publish_received_again
UPDATE intake.outbox SET published_at = NULL, partition = NULL, "offset" = NULL WHERE published_at IS NOT NULL;

-- name: publish_outputs_again
UPDATE triage.output SET published_at = NULL, "offset" = NULL WHERE published_at IS NOT NULL;

-- name: announce_rules_again
UPDATE triage.activation SET announced_at = NULL WHERE announced_at IS NOT NULL;

-- name: announce_refusals_again
UPDATE triage.refusal SET announced_at = NULL WHERE announced_at IS NOT NULL;
