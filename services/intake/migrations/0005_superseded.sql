-- News of a referral that came after newer news was sent (decisions may be noted in another order): it is never sent.

ALTER TABLE intake.reply ADD COLUMN superseded_at timestamptz;

DROP INDEX intake.reply_unsent;
CREATE INDEX reply_unsent ON intake.reply (referral_id, sequence) WHERE sent_at IS NULL AND superseded_at IS NULL;

CREATE OR REPLACE VIEW intake.replies AS
SELECT p.referral_id, p.source, p.outcome, p.created_at, p.tries, p.next_at, p.last, p.sent_at, p.given_up_at, r.synthetic,
       p.superseded_at
FROM intake.reply AS p
JOIN intake.referral AS r USING (referral_id);

GRANT UPDATE (superseded_at) ON intake.reply TO frontdoor_intake;
