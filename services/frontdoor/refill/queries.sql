-- name: known_events
-- Or known to be lost: named to a person when it could not be put back.
SELECT event_id AS id FROM intake.receipt WHERE event_id = ANY ($1::uuid[])
UNION SELECT event_id FROM intake.not_restored WHERE event_id = ANY ($1::uuid[]);

-- name: receipts_known
SELECT event_id AS id FROM intake.receipt AS r
JOIN unnest($1::uuid[], $2::text[]) AS kafka (event_id, digest) USING (event_id) WHERE r.digest = coalesce(kafka.digest, r.digest)
UNION SELECT event_id FROM intake.not_restored WHERE event_id = ANY ($1::uuid[]);

-- name: known_causes
SELECT cause_id AS id FROM triage.decision WHERE cause_id = ANY ($1::uuid[]);

-- name: until
SELECT max(received_at) FROM intake.receipt;

-- name: other_receipts
-- Events that were taken again after the restore, under the ids that Kafka has for others.
SELECT event_id FROM intake.receipt AS r
JOIN unnest($1::uuid[], $2::text[]) AS kafka (event_id, digest) USING (event_id) WHERE r.digest <> kafka.digest
EXCEPT SELECT event_id FROM intake.not_restored;

-- name: put_referrals
-- A referral that is known only moves on: what comes next has a place of its own, and with it an id of its own. Where no
-- event says its locality, it is that of its source's others.
INSERT INTO intake.referral AS known (referral_id, source, locality, synthetic, received_at, sequence)
SELECT referral_id, source, place, synthetic, received_at, sequence
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::timestamptz[], $6::integer[], $7::text[])
     AS kafka (referral_id, source, locality, synthetic, received_at, sequence, decided),
     LATERAL (SELECT coalesce(nullif(kafka.locality, ''), (
         SELECT f.locality FROM intake.referral AS f WHERE f.source = kafka.source ORDER BY f.received_at DESC LIMIT 1
     ), kafka.decided) AS place) AS placed
WHERE place IS NOT NULL
ON CONFLICT (referral_id) DO UPDATE SET sequence = greatest(known.sequence, excluded.sequence);

-- name: referrals_known
SELECT referral_id AS id FROM intake.referral WHERE referral_id = ANY ($1::uuid[]);

-- name: put_not_restored
INSERT INTO intake.not_restored (event_id, why) SELECT * FROM unnest($1::uuid[], $2::text[]);

-- name: put_receipts
-- What the sender wrote is gone, as if it was disposed of; the digest of it stands.
INSERT INTO intake.receipt (event_id, referral_id, sequence, kind, sender, synthetic, received_at, digest, answer, standard)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[],
                     $8::text[], $9::bytea[], $10::text[]) AS kafka (event_id, referral_id, sequence, kind, sender,
                     synthetic, received_at, digest, answer, standard)
WHERE EXISTS (SELECT FROM intake.referral WHERE referral_id = kafka.referral_id)
ON CONFLICT DO NOTHING RETURNING event_id;

-- name: put_outbox
INSERT INTO intake.outbox (event_id, referral_id, topic, value, headers, created_at, published_at, partition, "offset")
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::timestamptz[], $7::timestamptz[],
                     $8::integer[], $9::bigint[])
ON CONFLICT DO NOTHING;

-- name: put_decisions
INSERT INTO triage.decision (cause_id, decision_id, referral_id, sequence, kind, destination, urgency, ruleset_hash,
                             document, decided_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::bytea[], $10::timestamptz[])
ON CONFLICT DO NOTHING RETURNING cause_id;

-- name: put_outputs
INSERT INTO triage.output (event_id, cause_id, topic, partition, headers, published_at, "offset")
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::bytea[], $6::timestamptz[], $7::bigint[]);

-- name: put_parked
INSERT INTO triage.parked (cause_id, referral_id, topic, partition, "offset", code, detail, parked_at, dlq_offset,
                           event_id, digest)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::bigint[], $6::text[], $7::text[],
                     $8::timestamptz[], $9::bigint[], $10::uuid[], $11::bytea[])
ON CONFLICT DO NOTHING;

-- name: standing
SELECT referral_id, decision_id, highest, latest, latest_type, person_key, open_team, returned_at, hold_reason, held_since, due_at, parked,
       unanswered, unanswered_since
FROM triage.referral WHERE referral_id = ANY ($1::uuid[]);

-- name: put_standing
INSERT INTO triage.referral AS known (referral_id, decision_id, highest, latest, latest_type, person_key, open_team, returned_at,
                                      hold_reason, held_since, due_at, parked, unanswered, unanswered_since)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (referral_id) DO UPDATE SET
    decision_id = excluded.decision_id, highest = excluded.highest, latest = excluded.latest,
    latest_type = excluded.latest_type, person_key = excluded.person_key, open_team = excluded.open_team,
    returned_at = excluded.returned_at, hold_reason = excluded.hold_reason, held_since = excluded.held_since,
    due_at = excluded.due_at, parked = excluded.parked, unanswered = excluded.unanswered,
    unanswered_since = excluded.unanswered_since;

-- name: activations
SELECT id FROM triage.activation WHERE id = ANY ($1::bigint[]);

-- name: put_ruleset
INSERT INTO triage.ruleset (hash, locality, version, text) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: put_activation
-- Who brought an earlier set back ended the one before it, and that does not come back by itself.
INSERT INTO triage.activation (id, locality, hash, effective_from, activated_at, by, reason, announced_at, instead_of)
OVERRIDING SYSTEM VALUE
SELECT $1, $2::text, $3, $4, $5, $6::text, $7, $8, CASE WHEN $6 <> 'rules folder' THEN (
    SELECT hash FROM triage.activation WHERE locality = $2 AND id < $1 ORDER BY id DESC LIMIT 1
) END;

-- name: number_activations
SELECT setval(pg_get_serial_sequence('triage.activation', 'id'), max(id)) FROM triage.activation;
