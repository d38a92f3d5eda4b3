-- Dead letters and what people did about them are found without reading everything else.

CREATE INDEX record_dead_letters ON audit.record (recorded_at) WHERE topic LIKE '%.dlq.%';
CREATE INDEX record_worked ON audit.record (recorded_at) WHERE type = 'frontdoor.dead-letter.worked.v1';

-- Records that somebody edited and sent on, each another event than the one that was parked: nothing else in
-- `referrals.received` has a cause. For `frontdoor reconcile`: the receipt of the one is decided by way of the other.
CREATE INDEX record_edited ON audit.record (event_id) WHERE topic = 'referrals.received' AND causation_id IS NOT NULL;
CREATE VIEW audit.edited AS
SELECT DISTINCT event_id, causation_id FROM audit.record
WHERE topic = 'referrals.received' AND causation_id IS NOT NULL AND event_id IS NOT NULL;

GRANT SELECT ON audit.edited TO frontdoor_reader;
