-- GP systems' own standards: what a message came as, what its sender calls the referral, and the documents with it.

ALTER TABLE intake.receipt
    ADD COLUMN standard text NOT NULL DEFAULT 'json',  -- json, bars, hl7v2, mesh, csv
    ADD COLUMN unmapped jsonb;                         -- [{path, code}]: codes that no table of ours knows

-- A sender's own ids of a referral, each as an HMAC; one means one referral for ever.
CREATE TABLE intake.name (
    sender      text NOT NULL,
    name        bytea NOT NULL,
    referral_id uuid NOT NULL,
    PRIMARY KEY (sender, name)
);

-- Documents that came with a referral, by the hash of their content. Append-only by role; never in Kafka.
CREATE TABLE intake.attachment (
    referral_id uuid NOT NULL REFERENCES intake.referral,
    sha256      text NOT NULL,                         -- in hex
    type        text NOT NULL,                         -- media type
    size        integer NOT NULL,                      -- bytes
    content     bytea,
    PRIMARY KEY (referral_id, sha256)
);

CREATE VIEW intake.unmapped AS
SELECT r.sender AS source, r.standard, one.code ->> 'path' AS path, one.code ->> 'code' AS code, r.received_at, r.synthetic
FROM intake.receipt AS r, jsonb_array_elements(r.unmapped) AS one (code);

GRANT SELECT, INSERT ON intake.name, intake.attachment TO frontdoor_intake;
GRANT SELECT ON intake.unmapped TO frontdoor_reader;
GRANT SELECT, UPDATE (content) ON intake.attachment TO frontdoor_disposer;
GRANT UPDATE (unmapped) ON intake.receipt TO frontdoor_disposer;
