-- Events that intake published before its database was lost, and of which `frontdoor refill` could not put a receipt back:
-- they were named to a person then, and keep nobody else waiting.

CREATE TABLE intake.not_restored (
    event_id uuid PRIMARY KEY,
    why      text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT ON intake.not_restored TO frontdoor_intake;
