-- What was in force when, rollbacks, and that nothing can be in force in a place but what passed its gate there.

ALTER TABLE triage.ruleset ADD UNIQUE (hash, locality);
ALTER TABLE triage.activation ADD FOREIGN KEY (hash, locality) REFERENCES triage.ruleset (hash, locality);

-- Of a rollback: the set that it ended. It stands until a new version, or the next rollback.
ALTER TABLE triage.activation ADD COLUMN instead_of text REFERENCES triage.ruleset (hash);

-- Every activation with the time for which it was in force (none where a newer one overtook it), and every refusal.
CREATE VIEW triage.rule_history AS
WITH spans AS (
    SELECT *, min(since) OVER (PARTITION BY locality ORDER BY id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS until
    FROM (SELECT *, greatest(effective_from, activated_at) AS since FROM triage.activation) AS begun
)
SELECT s.id, s.locality, s.activated_at AS at, 'activated' AS what, r.version, s.hash, s.by, s.reason, former.version AS instead_of,
       s.since, s.until, s.since <= now() AND (s.until IS NULL OR s.until > s.since) AS stood,
       s.since <= now() AND (s.until IS NULL OR s.until > now()) AS in_force, NULL AS file, NULL AS findings
FROM spans s JOIN triage.ruleset r USING (hash) LEFT JOIN triage.ruleset former ON former.hash = s.instead_of
UNION ALL
SELECT NULL, locality, refused_at, 'refused', NULL, hash, 'rules folder', NULL, NULL, NULL, NULL, false, false, file, findings::text
FROM triage.refusal;

GRANT SELECT ON triage.rule_history TO frontdoor_reader;
