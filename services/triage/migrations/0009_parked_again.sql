-- A parked record comes again, at another place, where Kafka lost it and it is published again, or where a replay cannot be read
-- either. Of which event it says to be, and the SHA-256 of its key, value and headers: the same bytes are the same record.
-- What was parked before these columns is not known by them, and is held anew.
ALTER TABLE triage.parked
    ADD COLUMN event_id uuid,
    ADD COLUMN digest   bytea;
