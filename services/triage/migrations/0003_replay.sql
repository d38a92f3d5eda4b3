-- What `frontdoor rules replay` and `frontdoor rules explain --decision` read, as the role that audits: decisions made by
-- rules with the facts that these saw (no identity is in them), and the rules in force.

-- Ethnic category is for reports alone, so it is in no decision; it comes from the newest coded referral. Synthetic is
-- the whole header as it is packed (two netstrings): these bytes are nothing else.
CREATE VIEW triage.ruled AS
SELECT d.decision_id, d.referral_id, d.sequence, d.decided_at, d.document,
       (
           SELECT convert_from(r.latest, 'UTF8')::json #>> '{referral,person,ethnic_category}'
           FROM triage.referral AS r WHERE r.referral_id = d.referral_id
       ) AS ethnic_category,
       EXISTS (
           SELECT FROM triage.output AS o
           WHERE o.cause_id = d.cause_id AND position('12:ce_synthetic4:true'::bytea IN o.headers) > 0
       ) AS synthetic
FROM triage.decision AS d
WHERE d.ruleset_hash IS NOT NULL AND d.referral_id IS NOT NULL;

CREATE VIEW triage.rules_in_force AS
SELECT DISTINCT ON (a.locality) a.locality, a.hash, s.version, s.text
FROM triage.activation AS a JOIN triage.ruleset AS s USING (hash)
WHERE a.effective_from <= now() ORDER BY a.locality, a.id DESC;

GRANT SELECT ON triage.ruled, triage.rules_in_force TO frontdoor_auditor;
