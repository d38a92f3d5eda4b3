-- apart
-- By which event a parked record is looked for when it comes again.
DROP INDEX CONCURRENTLY IF EXISTS triage.parked_event;
CREATE INDEX CONCURRENTLY parked_event ON triage.parked (event_id) WHERE event_id IS NOT NULL;
