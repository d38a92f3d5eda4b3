-- What a sender is told later of its referral, in its own standard, at the address that its message gave.

ALTER TABLE intake.receipt
    ADD COLUMN reply_to jsonb;                 -- {endpoint, bundle, focus, correlation}: addresses and ids of transport alone

-- One row for each outcome that triage decided on, written as the decision is noted; the oldest of a referral goes first.
CREATE TABLE intake.reply (
    referral_id uuid NOT NULL,
    sequence    integer NOT NULL,              -- of the decision
    decision_id uuid NOT NULL,
    source      text NOT NULL,
    status      text NOT NULL,
    outcome     text NOT NULL,
    decided_at  timestamptz NOT NULL,
    reply_to    jsonb NOT NULL,
    created_at  timestamptz NOT NULL,
    next_at     timestamptz NOT NULL,          -- not tried before
    tries       integer NOT NULL DEFAULT 0,
    last        text,                          -- how the last try ended: a code
    sent_at     timestamptz,
    given_up_at timestamptz,
    superseded_at timestamptz,                 -- news older than what was sent already: it is never sent
    PRIMARY KEY (referral_id, sequence)
);
CREATE INDEX reply_unsent ON intake.reply (referral_id, sequence) WHERE sent_at IS NULL AND superseded_at IS NULL;

CREATE VIEW intake.replies AS
SELECT p.referral_id, p.source, p.outcome, p.created_at, p.tries, p.next_at, p.last, p.sent_at, p.given_up_at, r.synthetic,
       p.superseded_at
FROM intake.reply AS p
JOIN intake.referral AS r USING (referral_id);

GRANT SELECT, INSERT, UPDATE (next_at, tries, last, sent_at, given_up_at, superseded_at) ON intake.reply TO frontdoor_intake;
GRANT SELECT ON intake.replies TO frontdoor_reader;
