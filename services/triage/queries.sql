-- name: in_force
-- By the database's clock: every instance agrees, whatever its own says.
SELECT DISTINCT ON (locality) locality, hash, greatest(effective_from, activated_at) AS since
FROM triage.activation WHERE effective_from <= now() ORDER BY locality, id DESC

-- name: ruleset_text
SELECT text FROM triage.ruleset WHERE hash = $1

-- name: decided
SELECT cause_id, document FROM triage.decision WHERE cause_id = ANY($1::uuid[])

-- name: outputs
-- In the order of each referral: after a crash this is what is published first.
SELECT o.cause_id, o.event_id, o.topic, o.partition, o.headers
FROM triage.output o JOIN triage.decision d USING (cause_id) WHERE o.cause_id = ANY($1::uuid[]) ORDER BY d.sequence

-- name: standing
SELECT r.referral_id, r.highest, r.latest, r.latest_type, r.person_key, r.open_team, r.returned_at, r.parked, d.document
FROM triage.referral r JOIN triage.decision d USING (decision_id)
WHERE r.referral_id = ANY($1::uuid[]) ORDER BY r.referral_id FOR UPDATE OF r

-- name: persons
SELECT person_key, max(open_team) AS open_team,
       sum((SELECT count(*) FROM unnest(returned_at) AS at WHERE at > $2)) AS returns
FROM triage.referral
WHERE person_key = ANY($1::text[]) AND (open_team IS NOT NULL OR returned_at <> '{}') GROUP BY person_key

-- name: insert_parked
-- One that is read again after a crash, and was known when it came first, is there already.
INSERT INTO triage.parked (cause_id, referral_id, topic, partition, "offset", code, detail, event_id, digest)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::bigint[], $6::text[], $7::text[], $8::uuid[], $9::bytea[])
ON CONFLICT DO NOTHING

-- name: newest_decided
-- Of the newest decisions, the oldest first: the place of each that is the hold of a record that could not be read.
SELECT p.topic, p.partition, p."offset"
FROM (SELECT cause_id, decided_at FROM triage.decision ORDER BY decided_at DESC LIMIT $1) AS d
LEFT JOIN triage.parked AS p USING (cause_id) ORDER BY d.decided_at

-- name: parked_before
-- Records that were parked and decided on before, by what they were: the first place that each was read from.
SELECT DISTINCT ON (p.event_id, p.digest) p.event_id, p.digest, p.cause_id
FROM triage.parked p JOIN triage.decision d USING (cause_id)
WHERE p.event_id = ANY($1::uuid[]) AND p.digest = ANY($2::bytea[]) ORDER BY p.event_id, p.digest, p.parked_at

-- name: upsert_referrals
-- Held since its hold began, whatever is decided within it.
INSERT INTO triage.referral AS r (
    referral_id, decision_id, highest, latest, latest_type, person_key, open_team, hold_reason, held_since, due_at, parked,
    unanswered, unanswered_since
)
SELECT a, b, c, d, e, f, g, h, i, j, k::uuid[], l, m FROM unnest(
    $1::uuid[], $2::uuid[], $3::int[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[],
    $10::timestamptz[], $11::text[], $12::text[], $13::timestamptz[]
) AS row (a, b, c, d, e, f, g, h, i, j, k, l, m)
ON CONFLICT (referral_id) DO UPDATE SET
    decision_id = excluded.decision_id, highest = excluded.highest, latest = excluded.latest,
    latest_type = excluded.latest_type, person_key = excluded.person_key, open_team = excluded.open_team,
    hold_reason = excluded.hold_reason, due_at = excluded.due_at, parked = excluded.parked,
    unanswered = excluded.unanswered,
    unanswered_since = CASE WHEN excluded.unanswered = r.unanswered THEN r.unanswered_since ELSE excluded.unanswered_since END,
    held_since = CASE WHEN excluded.hold_reason IS NOT NULL THEN coalesce(r.held_since, excluded.held_since) END

-- name: note_return
UPDATE triage.referral SET returned_at = returned_at || $2::timestamptz WHERE referral_id = $1

-- name: mark_published
UPDATE triage.output o SET published_at = now(), "offset" = coalesce(o."offset", n."offset")
FROM unnest($1::uuid[], $2::bigint[]) AS n (event_id, "offset") WHERE o.event_id = n.event_id

-- name: mark_parked
UPDATE triage.parked p SET dlq_offset = n."offset"
FROM unnest($1::uuid[], $2::bigint[]) AS n (cause_id, "offset") WHERE p.cause_id = n.cause_id

-- name: store_ruleset
INSERT INTO triage.ruleset (hash, locality, version, text) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING hash

-- name: activate
INSERT INTO triage.activation (locality, hash, effective_from, by, reason) VALUES ($1, $2, $3, $4, $5)

-- name: newest
SELECT hash FROM triage.activation WHERE locality = $1 ORDER BY id DESC LIMIT 1

-- name: version_taken
SELECT EXISTS (SELECT FROM triage.ruleset WHERE locality = $1 AND version = $2 AND hash <> $3)

-- name: put_back
-- Only where another set is the newest (several instances see the same folder), and not after a rollback: an instance
-- that sees the folder late would bring back what was just rolled back.
INSERT INTO triage.activation (locality, hash, effective_from, by, reason)
SELECT $1, $2, now(), $3, $4
FROM (SELECT hash, instead_of FROM triage.activation WHERE locality = $1 ORDER BY id DESC LIMIT 1) AS newest
WHERE newest.hash <> $2 AND newest.instead_of IS NULL RETURNING id

-- name: refuse
INSERT INTO triage.refusal (locality, hash, file, findings) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING hash

-- name: known
-- In this locality: a file in another's folder goes to the gate, which refuses it.
SELECT EXISTS (SELECT FROM triage.ruleset WHERE hash = $1 AND locality = $2)

-- name: unannounced_activations
SELECT a.id, a.locality, a.hash, a.effective_from, a.activated_at, a.by, a.reason, r.version, r.text
FROM triage.activation a JOIN triage.ruleset r USING (hash) WHERE a.announced_at IS NULL ORDER BY a.id

-- name: announced_activation
UPDATE triage.activation SET announced_at = now() WHERE id = $1

-- name: unannounced_refusals
SELECT locality, hash, file, findings, refused_at FROM triage.refusal WHERE announced_at IS NULL ORDER BY refused_at

-- name: announced_refusal
UPDATE triage.refusal SET announced_at = now() WHERE locality = $1 AND hash = $2

-- name: hub_queue
SELECT reason, urgency, synthetic, count(*) AS referrals, min(since) AS oldest,
       count(*) FILTER (WHERE due_at < now()) AS overdue
FROM triage.hub_queue GROUP BY reason, urgency, synthetic

-- name: ruled_decision
-- A decision by its id, or a referral's newest by rules.
SELECT document FROM triage.ruled WHERE decision_id = $1 OR referral_id = $1 ORDER BY sequence DESC LIMIT 1

-- name: ruled_since
-- In no order, and a referral as often as it was decided: sorting long rows takes longer than sending them.
SELECT referral_id, sequence, document, ethnic_category, synthetic FROM triage.ruled
WHERE decided_at >= $1 AND ($2::timestamptz IS NULL OR decided_at < $2)

-- name: rules_of_place
SELECT text FROM triage.rules_in_force WHERE locality = $1
-- name: rule_history
SELECT * FROM triage.rule_history WHERE $1::text IS NULL OR locality = $1 ORDER BY locality, at, id

-- name: lock_activations
-- Two rollbacks at once follow each other.
LOCK TABLE triage.activation IN SHARE ROW EXCLUSIVE MODE

-- name: roll_back
INSERT INTO triage.activation (locality, hash, effective_from, by, reason, instead_of) VALUES ($1, $2, now(), $3, $4, $5)
