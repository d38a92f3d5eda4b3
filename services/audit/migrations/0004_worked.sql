-- For `frontdoor watch`: which steps people took about dead letters, each with the event that the record was. Not who, not why:
-- that is for auditors. A step's id is derived from its dead letter's and from what was done.
CREATE VIEW audit.worked AS
SELECT DISTINCT event_id, causation_id FROM audit.record
WHERE type = 'frontdoor.dead-letter.worked.v1' AND topic = 'frontdoor.operations' AND event_id IS NOT NULL;

GRANT SELECT ON audit.worked TO frontdoor_reader;
