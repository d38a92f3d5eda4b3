-- What was taken and waits before Kafka, for `frontdoor lag`: how much, and since when; nothing of what it is.

CREATE VIEW intake.unpublished AS
SELECT count(*) AS events, min(created_at) AS oldest FROM intake.outbox WHERE published_at IS NULL;

GRANT SELECT ON intake.unpublished TO frontdoor_reader;
