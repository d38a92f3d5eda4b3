-- name: take
-- A new referral in one statement: nothing is written where its key is known already, or where there is an earlier
-- referral with the same content and the event names none ($25). The key of a referral that is over ($27) is free. It
-- fails where the sender calls another referral by one of these names.
WITH earlier AS (
    SELECT referral_id FROM intake.receipt
    WHERE sender = $5 AND content = $8 AND kind = 'received' ORDER BY received_at DESC LIMIT 1
), claimed AS (
    INSERT INTO intake.seen AS known (sender, key, event_id, expires_at)
    SELECT $5, $14, $1, $15 WHERE $25::uuid IS NOT NULL OR NOT EXISTS (SELECT FROM earlier)
    ON CONFLICT (sender, key) DO UPDATE SET event_id = excluded.event_id, expires_at = excluded.expires_at
    WHERE known.expires_at <= $7 OR known.event_id = $27
    RETURNING 1
), referral AS (
    INSERT INTO intake.referral (referral_id, source, locality, synthetic, received_at, sequence)
    SELECT $2, $5, $26, $6, $7, $3 FROM claimed
), receipt AS (
    INSERT INTO intake.receipt (event_id, referral_id, sequence, kind, sender, synthetic, received_at, content, original,
                                salt, digest, document, answer, standard, unmapped, reply_to)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $18, $19, $24 FROM claimed
), named AS (
    INSERT INTO intake.name (sender, name, referral_id) SELECT $5, own, $2 FROM claimed, unnest($20::bytea[]) AS own
), attached AS (
    INSERT INTO intake.attachment (referral_id, sha256, type, size, content)
    SELECT $2, sha256, type, octet_length(content), content
    FROM claimed, unnest($21::text[], $22::text[], $23::bytea[]) AS file (sha256, type, content)
), queued AS (
    INSERT INTO intake.outbox (event_id, referral_id, topic, value, headers, created_at)
    SELECT $1, $2, 'referrals.received', $16, $17, $7 FROM claimed
)
SELECT EXISTS (SELECT FROM claimed) AS claimed, (SELECT referral_id FROM earlier) AS earlier;

-- name: append
-- One more cause of a referral whose row this transaction holds locked; nothing where its key is known already.
WITH claimed AS (
    INSERT INTO intake.seen (sender, key, event_id, expires_at) SELECT $5, $14, $1, $15 WHERE $14::bytea IS NOT NULL
    ON CONFLICT (sender, key) DO NOTHING
    RETURNING 1
), grown AS (
    UPDATE intake.referral SET sequence = $3
    WHERE referral_id = $2 AND sequence = $3 - 1 AND ($14::bytea IS NULL OR EXISTS (SELECT FROM claimed))
    RETURNING 1
), receipt AS (
    INSERT INTO intake.receipt (event_id, referral_id, sequence, kind, sender, synthetic, received_at, content, original,
                                salt, digest, document, answer, standard, unmapped, reply_to)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $18, $19, $24 FROM grown
), named AS (
    INSERT INTO intake.name (sender, name, referral_id) SELECT $5, own, $2 FROM grown, unnest($20::bytea[]) AS own
    ON CONFLICT DO NOTHING
), attached AS (
    INSERT INTO intake.attachment (referral_id, sha256, type, size, content)
    SELECT $2, sha256, type, octet_length(content), content
    FROM grown, unnest($21::text[], $22::text[], $23::bytea[]) AS file (sha256, type, content)
    ON CONFLICT DO NOTHING
), queued AS (
    INSERT INTO intake.outbox (event_id, referral_id, topic, value, headers, created_at)
    SELECT $1, $2, 'referrals.received', $16, $17, $7 FROM grown
)
SELECT EXISTS (SELECT FROM grown) AS grown;

-- name: first
-- The first message under a key, and whether its referral is over: by the newest decision, or by a cancellation that
-- triage has not decided on yet, as far as this service was told. (What a team closed may have been its own part alone.)
SELECT r.event_id, r.referral_id, r.content, r.answer,
       coalesce(decided.status IN ('cancelled', 'closed'), false) OR EXISTS (
           SELECT FROM intake.receipt AS ending
           WHERE ending.referral_id = r.referral_id AND ending.kind = 'cancelled'
             AND ending.sequence > coalesce((SELECT max(cause_sequence) FROM intake.status WHERE referral_id = r.referral_id), 0)
       ) AS over
FROM intake.seen AS s
JOIN intake.receipt AS r ON r.event_id = s.event_id
LEFT JOIN LATERAL (
    SELECT status FROM intake.status WHERE referral_id = r.referral_id ORDER BY sequence DESC LIMIT 1
) AS decided ON true
WHERE s.sender = $1 AND s.key = $2 AND s.expires_at > $3;

-- name: named
-- The referrals that a sender calls by these names.
SELECT DISTINCT referral_id FROM intake.name WHERE sender = $1 AND name = ANY ($2::bytea[]);

-- name: attachment
SELECT type, content FROM intake.attachment WHERE referral_id = $1 AND sha256 = $2;

-- name: lock
SELECT source, locality, synthetic, received_at, sequence FROM intake.referral WHERE referral_id = $1 FOR UPDATE;

-- name: look
SELECT source, locality, synthetic, received_at, sequence FROM intake.referral WHERE referral_id = $1;

-- name: standing
-- The newest decision that this service was told of.
SELECT status, urgency, destination, told, hold_reason, cause_sequence, sequence
FROM intake.status WHERE referral_id = $1 ORDER BY sequence DESC LIMIT 1;

-- name: document
-- The newest that is there: an amendment whose content was lost with a database (`frontdoor refill`) hides none before it.
SELECT document FROM intake.receipt WHERE referral_id = $1 AND kind IN ('received', 'amended') AND document IS NOT NULL
ORDER BY sequence DESC LIMIT 1;

-- name: last_by
-- The newest message of one sender about a referral, and where it last returned the referral. A conflicting one was
-- refused: sent again without its id it is something new.
SELECT content, answer, received_at, sequence,
       (SELECT max(sequence) FROM intake.receipt WHERE referral_id = $1 AND sender = $2 AND kind = 'returned') AS returned
FROM intake.receipt WHERE referral_id = $1 AND sender = $2 AND kind <> 'conflicting' ORDER BY sequence DESC LIMIT 1;

-- name: history
SELECT kind, status, outcome, hold_reason, destination, decided_at FROM intake.status WHERE referral_id = $1 ORDER BY sequence;

-- name: disclose
-- Nobody reads a record without this row and its event.
WITH noted AS (
    INSERT INTO intake.disclosure (event_id, referral_id, team, by, purpose, at) VALUES ($1, $2, $3, $4, $5, $6)
)
INSERT INTO intake.outbox (event_id, referral_id, topic, value, headers, created_at)
VALUES ($1, $2, 'frontdoor.operations', $7, $8, $6);

-- name: note_decisions
-- What triage decided, and with it what the sender is to be told of an outcome, where it asked to be told.
WITH noted AS (
    INSERT INTO intake.status (referral_id, sequence, decision_id, cause_sequence, kind, status, outcome, hold_reason, urgency,
                               destination, told, decided_at)
    SELECT referral_id, sequence, decision_id, cause_sequence, kind, status, outcome, hold_reason, urgency, destination,
           string_to_array(told, ' '), decided_at
    FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                $10::text[], $11::text[], $12::timestamptz[])
         AS told_us (referral_id, sequence, decision_id, cause_sequence, kind, status, outcome, hold_reason, urgency,
                     destination, told, decided_at)
    ON CONFLICT DO NOTHING
    RETURNING referral_id, sequence, decision_id, status, outcome, decided_at
)
INSERT INTO intake.reply (referral_id, sequence, decision_id, source, status, outcome, decided_at, reply_to, created_at, next_at)
SELECT d.referral_id, d.sequence, d.decision_id, r.sender, d.status, d.outcome, d.decided_at, r.reply_to, now(), now()
FROM noted AS d, LATERAL (
    SELECT sender, reply_to FROM intake.receipt
    WHERE referral_id = d.referral_id AND reply_to IS NOT NULL ORDER BY sequence DESC LIMIT 1
) AS r
WHERE d.outcome IS NOT NULL;

-- name: replies_superseded
-- News that is older than what its sender was told already will not be told: it would undo the newer.
WITH superseded AS (
    UPDATE intake.reply AS old SET superseded_at = $1
    WHERE sent_at IS NULL AND superseded_at IS NULL AND given_up_at IS NULL AND EXISTS (
        SELECT FROM intake.reply AS newer
        WHERE newer.referral_id = old.referral_id AND newer.sequence > old.sequence AND newer.sent_at IS NOT NULL
    )
    RETURNING 1
)
SELECT count(*) FROM superseded;

-- name: replies_due
-- Replies to send now: of each referral the oldest that is neither sent nor given up, so that news comes in order. Each
-- source has its turn: one that takes nothing holds up no other.
SELECT * FROM (
    SELECT DISTINCT ON (referral_id) referral_id, sequence, decision_id, source, status, outcome, decided_at, reply_to,
           created_at, next_at, tries
    FROM intake.reply WHERE sent_at IS NULL AND superseded_at IS NULL AND given_up_at IS NULL
    ORDER BY referral_id, sequence
) AS oldest
WHERE next_at <= $1 ORDER BY row_number() OVER (PARTITION BY source ORDER BY next_at), next_at LIMIT $2;

-- name: replied
UPDATE intake.reply SET tries = tries + 1, next_at = $3, last = $4, sent_at = $5, given_up_at = $6
WHERE referral_id = $1 AND sequence = $2;

-- name: replies_waiting
SELECT count(*) FILTER (WHERE given_up_at IS NULL) AS waiting,
       min(created_at) FILTER (WHERE given_up_at IS NULL) AS oldest,
       count(*) FILTER (WHERE given_up_at > now() - interval '1 day') AS given_up
FROM intake.reply WHERE sent_at IS NULL AND superseded_at IS NULL;

-- name: unpublished
SELECT id, referral_id, topic, value, headers FROM intake.outbox WHERE published_at IS NULL ORDER BY id LIMIT $1;

-- name: receipts_known
-- Or known to be lost: a person was told of them when the database was refilled.
SELECT event_id FROM intake.receipt AS r JOIN unnest($1::uuid[], $2::text[]) AS kafka (event_id, digest) USING (event_id)
WHERE r.digest = coalesce(kafka.digest, r.digest)
UNION SELECT event_id FROM intake.not_restored WHERE event_id = ANY ($1::uuid[]);

-- name: published
UPDATE intake.outbox AS o SET published_at = $4, partition = p.partition, "offset" = p."offset"
FROM unnest($1::bigint[], $2::int[], $3::bigint[]) AS p (id, partition, "offset")
WHERE o.id = p.id;

-- name: waiting
SELECT count(*) AS count, min(created_at) AS oldest FROM intake.outbox WHERE published_at IS NULL;

-- name: keep_invalid
-- A message of MESH that will be acknowledged without being taken; once, however often it comes.
INSERT INTO intake.invalid (mailbox, message_id, sender, source, workflow, synthetic, received_at, status, code, problem,
                            emergency, original)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT DO NOTHING;

-- name: unsettled
SELECT count(*) AS count, min(received_at) AS oldest FROM intake.invalid WHERE settled_at IS NULL AND mailbox = $1;

-- name: invalid_messages
SELECT mailbox, message_id, sender, source, workflow, received_at AT TIME ZONE 'UTC' AS received_at, status, code, errors, emergency, bytes
FROM intake.invalid_messages WHERE settled_at IS NULL ORDER BY emergency DESC, invalid_messages.received_at;

-- name: settle
SELECT intake.settle($1, $2, $3, $4);

-- name: unmapped
-- How often each code came that no table knows, for the role that reads the accounts.
SELECT count(*) AS count, source, standard, path, code, synthetic, max(received_at) AS newest
FROM intake.unmapped WHERE $1::timestamptz IS NULL OR received_at >= $1
GROUP BY source, standard, path, code, synthetic ORDER BY count DESC, source, standard, path, code;
