-- For `frontdoor watch`: when a record became a row, so that the way of its canary is measured to the end.

CREATE OR REPLACE VIEW audit.accounting AS
SELECT stream, topic, partition, "offset", event_id, referral_id, type, recorded_at FROM audit.record WHERE gap_to IS NULL;
