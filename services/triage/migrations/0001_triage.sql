-- Triage: rule sets and what is in force, decisions and what they publish, and where each referral stands.

CREATE TABLE triage.ruleset (
    hash       text PRIMARY KEY,                 -- SHA-256 of the file
    locality   text NOT NULL,
    version    text NOT NULL,
    text       bytea NOT NULL,
    stored_at  timestamptz NOT NULL DEFAULT now()
);

-- The row in force for a locality: the newest whose time has come.
CREATE TABLE triage.activation (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    locality       text NOT NULL,
    hash           text NOT NULL REFERENCES triage.ruleset,
    effective_from timestamptz NOT NULL,
    activated_at   timestamptz NOT NULL DEFAULT now(),
    by             text NOT NULL,
    reason         text NOT NULL,
    announced_at   timestamptz
);
CREATE INDEX activation_in_force ON triage.activation (locality, id DESC);

CREATE TABLE triage.refusal (
    locality     text NOT NULL,
    hash         text NOT NULL,
    file         text NOT NULL,
    findings     jsonb NOT NULL,
    refused_at   timestamptz NOT NULL DEFAULT now(),
    announced_at timestamptz,
    PRIMARY KEY (locality, hash)
);

-- Exactly one decision per cause: the primary key is promise 3.
CREATE TABLE triage.decision (
    cause_id     uuid PRIMARY KEY,
    decision_id  uuid NOT NULL UNIQUE,
    referral_id  uuid,
    sequence     integer NOT NULL,
    kind         text NOT NULL,
    destination  text NOT NULL,
    urgency      text NOT NULL,
    ruleset_hash text,
    document     bytea NOT NULL,
    decided_at   timestamptz NOT NULL,
    UNIQUE (referral_id, sequence)
);

CREATE TABLE triage.output (
    event_id     uuid PRIMARY KEY,
    cause_id     uuid NOT NULL REFERENCES triage.decision,
    topic        text NOT NULL,
    partition    integer NOT NULL,
    headers      bytea NOT NULL,
    published_at timestamptz,
    "offset"     bigint
);
CREATE INDEX output_of_cause ON triage.output (cause_id);
CREATE INDEX output_unpublished ON triage.output (partition) WHERE published_at IS NULL;

-- Where each referral stands: its newest decision and its newest facts.
CREATE TABLE triage.referral (
    referral_id    uuid PRIMARY KEY,
    decision_id    uuid NOT NULL,
    highest        integer NOT NULL,            -- highest cause sequence decided
    latest         bytea,                       -- newest event value that carried the coded referral
    latest_type    text,
    person_key     text,
    open_team      text,                        -- secondary-care destination that accepted the person
    returned_at    timestamptz[] NOT NULL DEFAULT '{}'
);
CREATE INDEX referral_of_person ON triage.referral (person_key) WHERE person_key IS NOT NULL;

CREATE TABLE triage.parked (
    cause_id    uuid PRIMARY KEY,
    referral_id uuid,
    topic       text NOT NULL,
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    code        text NOT NULL,
    detail      text NOT NULL,
    parked_at   timestamptz NOT NULL DEFAULT now(),
    dlq_offset  bigint
);

-- One row per output, so that reconcile can follow each to audit; no content.
CREATE VIEW triage.accounting AS
SELECT d.cause_id, d.referral_id, d.decision_id, d.kind, d.destination, d.urgency, d.ruleset_hash,
       o.published_at IS NOT NULL AS published, o.event_id AS output_event_id, o.topic, o.partition, o."offset"
FROM triage.decision d JOIN triage.output o USING (cause_id);

GRANT SELECT, INSERT ON triage.ruleset, triage.decision TO frontdoor_triage;
GRANT SELECT, INSERT, UPDATE ON triage.activation, triage.refusal, triage.output, triage.referral, triage.parked TO frontdoor_triage;
GRANT SELECT ON triage.accounting, triage.parked TO frontdoor_reader;

-- What was disposed of, by whom and why.
CREATE TABLE triage.disposal (
    referral_id uuid NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    by          text NOT NULL,
    reason      text NOT NULL
);

-- Disposal (records retention): facts and the link to the person go, the decision stands; returns how many decisions.
CREATE FUNCTION triage.dispose(referral uuid, reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    emptied bigint;
BEGIN
    IF coalesce(btrim(dispose.reason), '') = '' THEN
        RAISE EXCEPTION 'a disposal needs its reason';
    END IF;
    UPDATE triage.referral SET latest = NULL, person_key = NULL WHERE referral_id = dispose.referral;
    UPDATE triage.decision SET document = convert_to((convert_from(document, 'UTF8')::jsonb - 'facts')::text, 'UTF8')
    WHERE referral_id = dispose.referral;
    GET DIAGNOSTICS emptied = ROW_COUNT;
    INSERT INTO triage.disposal (referral_id, by, reason) VALUES (dispose.referral, session_user, dispose.reason);
    RETURN emptied;
END
$$;
GRANT SELECT ON triage.disposal TO frontdoor_disposer;
GRANT EXECUTE ON FUNCTION triage.dispose(uuid, text) TO frontdoor_disposer;
