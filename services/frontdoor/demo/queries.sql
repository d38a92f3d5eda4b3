-- name: decisions
SELECT value, accepted_time, recorded_at
FROM audit.record
WHERE referral_id = ANY ($1::uuid[]) AND type LIKE 'frontdoor.decision.%' AND value IS NOT NULL AND accepted_time IS NOT NULL
