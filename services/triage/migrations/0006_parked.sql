-- The records about a referral that cannot be read yet: while another is missing, the replay of one leaves the person at the
-- hub. Each by the id of its event; of one without, by that of its place (its cause).
ALTER TABLE triage.referral ADD COLUMN parked uuid[] NOT NULL DEFAULT '{}';

-- What was parked before this column: of which event each was is not known here, so where there are several a person
-- answers, as for what is discarded. One alone ends with its replay, known by its place.
UPDATE triage.referral AS r SET parked = p.causes
FROM (SELECT referral_id, array_agg(cause_id) AS causes FROM triage.parked GROUP BY referral_id HAVING count(*) > 1) AS p
WHERE p.referral_id = r.referral_id AND r.hold_reason = 'parked';
