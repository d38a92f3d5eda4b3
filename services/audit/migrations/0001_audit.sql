-- Every record of every audited topic is one row, as bytes; each row is chained to the row before it in its partition
-- (services/audit/chain.py). Nobody may update or delete: what must go is emptied by audit.dispose, its digests stand.

CREATE TABLE audit.record (
    stream text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    gap_to bigint,
    kafka_time bigint NOT NULL,
    key bytea,
    headers bytea,
    value bytea,
    headers_digest bytea,
    value_digest bytea,
    event_id uuid,
    referral_id uuid,
    type text,
    causation_id uuid,
    at timestamptz,
    accepted_time timestamptz,
    synthetic boolean NOT NULL,
    sequence bigint,
    recorded_at timestamptz NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (stream, topic, partition, "offset")
);
COMMENT ON COLUMN audit.record.gap_to IS 'this row has no content: Kafka no longer had offset to gap_to when audit came';
COMMENT ON COLUMN audit.record.kafka_time IS 'the timestamp of the Kafka record, in ms; -1 where it has none';
COMMENT ON COLUMN audit.record.headers IS 'as shared.cloudevents.pack writes them';

CREATE INDEX record_event ON audit.record (event_id) WHERE event_id IS NOT NULL AND gap_to IS NULL;
CREATE INDEX record_referral ON audit.record (referral_id) WHERE referral_id IS NOT NULL;
CREATE INDEX record_heads ON audit.record (stream, "offset" DESC) WHERE type = 'frontdoor.audit.headed.v1';
CREATE INDEX record_rules ON audit.record (recorded_at) WHERE type = 'frontdoor.rules.activated.v1';

CREATE TABLE audit.head (
    stream text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    hash bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (stream, topic, partition)
) WITH (fillfactor = 50);

CREATE TABLE audit.disposal (
    stream text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    disposed_at timestamptz NOT NULL DEFAULT now(),
    disposed_by text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (stream, topic, partition, "offset"),
    FOREIGN KEY (stream, topic, partition, "offset") REFERENCES audit.record
);

CREATE VIEW audit.accounting AS
SELECT stream, topic, partition, "offset", event_id, referral_id, type FROM audit.record WHERE gap_to IS NULL;

CREATE VIEW audit.heads AS
SELECT stream, topic, partition, "offset", hash, recorded_at FROM audit.head;

-- Empties what the rows of one referral hold, and keeps their digests; returns how many rows it emptied.
CREATE FUNCTION audit.dispose(referral uuid, reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    emptied bigint;
BEGIN
    IF coalesce(btrim(dispose.reason), '') = '' THEN
        RAISE EXCEPTION 'a disposal needs its reason';
    END IF;
    WITH gone AS (
        UPDATE audit.record SET value = NULL, headers = NULL
        WHERE referral_id = dispose.referral AND (value IS NOT NULL OR headers IS NOT NULL)
        RETURNING stream, topic, partition, "offset"
    )
    INSERT INTO audit.disposal (stream, topic, partition, "offset", disposed_by, reason)
    SELECT stream, topic, partition, "offset", session_user, dispose.reason FROM gone;
    GET DIAGNOSTICS emptied = ROW_COUNT;
    RETURN emptied;
END
$$;
REVOKE ALL ON FUNCTION audit.dispose(uuid, text) FROM PUBLIC;

GRANT SELECT, INSERT ON audit.record TO frontdoor_audit;
GRANT SELECT ON audit.disposal TO frontdoor_audit;
GRANT SELECT, INSERT, UPDATE ON audit.head TO frontdoor_audit;
GRANT SELECT ON audit.accounting, audit.heads TO frontdoor_reader;
GRANT SELECT ON audit.record, audit.head, audit.disposal TO frontdoor_auditor;
GRANT SELECT ON audit.disposal TO frontdoor_disposer;
GRANT EXECUTE ON FUNCTION audit.dispose(uuid, text) TO frontdoor_disposer;
