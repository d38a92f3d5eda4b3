-- Intake: what was taken in (identity included, here and nowhere else), what is to be published, where referrals stand.

CREATE TABLE intake.referral (
    referral_id uuid PRIMARY KEY,
    source      text NOT NULL,
    locality    text NOT NULL,
    synthetic   boolean NOT NULL,
    received_at timestamptz NOT NULL,
    sequence    integer NOT NULL               -- of the newest cause; counts from 1 without gaps
);

-- Append-only by role. `document` is the whole referral as it stood after this message (with identity), `original` the
-- bytes as they came; the digest of salt and bytes travels, so that audit can vouch for bytes that it never sees.
-- No constraint looks inside what was sent: PostgreSQL would show it in its log.
CREATE TABLE intake.receipt (
    event_id    uuid PRIMARY KEY,
    referral_id uuid NOT NULL REFERENCES intake.referral,
    sequence    integer NOT NULL,
    kind        text NOT NULL,                 -- received, amended, cancelled, conflicting, or an outcome's kind
    sender      text NOT NULL,
    synthetic   boolean NOT NULL,
    received_at timestamptz NOT NULL,
    content     bytea,                         -- HMAC of what was said, without transport fields
    original    bytea,
    salt        bytea,
    digest      text NOT NULL,                 -- SHA-256 of salt and original, in hex
    document    bytea,                         -- JSON
    answer      bytea NOT NULL,                -- JSON, as it was answered
    UNIQUE (referral_id, sequence)
);
CREATE INDEX receipt_content ON intake.receipt (sender, content, received_at DESC);

-- What a repeat is known by: the sender's own message id (for ever), or the content alone (for a day).
CREATE TABLE intake.seen (
    sender     text NOT NULL,
    key        bytea NOT NULL,
    event_id   uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (sender, key)
);

CREATE TABLE intake.outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     uuid NOT NULL UNIQUE,
    referral_id  uuid NOT NULL,                -- the Kafka key
    topic        text NOT NULL,
    value        bytea NOT NULL,
    headers      bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    published_at timestamptz,
    partition    integer,
    "offset"     bigint
);
CREATE INDEX outbox_unpublished ON intake.outbox (id) WHERE published_at IS NULL;

-- What triage decided, as far as this service was told; the highest sequence stands.
CREATE TABLE intake.status (
    referral_id    uuid NOT NULL,
    sequence       integer NOT NULL,
    decision_id    uuid NOT NULL,
    cause_sequence integer,
    kind           text NOT NULL,
    status         text NOT NULL,
    outcome        text,
    hold_reason    text,
    urgency        text NOT NULL,
    destination    text NOT NULL,
    told           text[] NOT NULL,
    decided_at     timestamptz NOT NULL,
    PRIMARY KEY (referral_id, sequence)
);

-- Who read a record, and why.
CREATE TABLE intake.disclosure (
    event_id    uuid PRIMARY KEY,
    referral_id uuid NOT NULL,
    team        text NOT NULL,
    by          text NOT NULL,
    purpose     text NOT NULL,
    at          timestamptz NOT NULL
);

-- What was disposed of, by whom and why; the digest stands.
CREATE TABLE intake.disposal (
    referral_id uuid NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    by          text NOT NULL DEFAULT current_user,
    reason      text NOT NULL
);

CREATE VIEW intake.accounting AS
SELECT r.referral_id, r.event_id, r.sequence, r.received_at, o.partition, o."offset", r.synthetic
FROM intake.receipt AS r
LEFT JOIN intake.outbox AS o ON o.event_id = r.event_id;

-- `digest` is made anew from the bytes that are kept; it equals `recorded`, or is null where they were disposed of.
CREATE VIEW intake.digests AS
SELECT event_id, referral_id, sequence, encode(sha256(salt || original), 'hex') AS digest, digest AS recorded
FROM intake.receipt;

GRANT SELECT, INSERT ON intake.receipt, intake.status, intake.disclosure TO frontdoor_intake;
GRANT SELECT, INSERT, UPDATE ON intake.referral, intake.seen TO frontdoor_intake;
GRANT SELECT, INSERT, UPDATE (published_at, partition, "offset") ON intake.outbox TO frontdoor_intake;
GRANT SELECT ON intake.accounting, intake.digests TO frontdoor_reader;
GRANT SELECT ON intake.referral, intake.receipt, intake.outbox TO frontdoor_disposer;
GRANT UPDATE (original, salt, document, content) ON intake.receipt TO frontdoor_disposer;
GRANT UPDATE (value) ON intake.outbox TO frontdoor_disposer;
GRANT INSERT, SELECT ON intake.disposal TO frontdoor_disposer;
