-- Roles and schemas of one Front Door database. Run as a superuser in that database, any number of times; it is plain SQL
-- and holds no passwords (`frontdoor schemas` sets them from the environment). Grants on tables and views are made where
-- these are: in each service's migrations. What each role may do, and why: docs/decisions/0005-database-roles.md.

DO $$
DECLARE
    name text;
BEGIN
    -- Roles are shared by all databases of a server: this lock lets two runs beside each other wait, not collide.
    LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE;
    FOREACH name IN ARRAY ARRAY['owner', 'intake', 'triage', 'audit', 'reader', 'auditor', 'disposer'] LOOP
        name := 'frontdoor_' || name;
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I', name);
        END IF;
        EXECUTE format('ALTER ROLE %I LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', name);
        -- A server's log is no place for a patient's data: no parameters, and no "Key (...)=(...)" details of an error.
        EXECUTE format('ALTER ROLE %I SET log_parameter_max_length = 0', name);
        EXECUTE format('ALTER ROLE %I SET log_parameter_max_length_on_error = 0', name);
        EXECUTE format('ALTER ROLE %I SET log_error_verbosity = terse', name);
        -- Taken means kept, whatever the server's default; a stopped process does not hold its locks for ever.
        EXECUTE format('ALTER ROLE %I SET synchronous_commit = on', name);
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', name, '60s');
        -- A client that is gone without a word (its machine died, the network is cut) holds nothing for hours.
        EXECUTE format('ALTER ROLE %I SET tcp_keepalives_idle = 10', name);
        EXECUTE format('ALTER ROLE %I SET tcp_keepalives_interval = 5', name);
        EXECUTE format('ALTER ROLE %I SET tcp_keepalives_count = 3', name);
        EXECUTE format('ALTER ROLE %I SET tcp_user_timeout = %L', name, '30s');
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM %I', current_database(), name);
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), name);
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE frontdoor_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE frontdoor_owner REVOKE USAGE ON TYPES FROM PUBLIC;

CREATE SCHEMA IF NOT EXISTS intake AUTHORIZATION frontdoor_owner;
CREATE SCHEMA IF NOT EXISTS triage AUTHORIZATION frontdoor_owner;
CREATE SCHEMA IF NOT EXISTS audit AUTHORIZATION frontdoor_owner;

REVOKE ALL ON SCHEMA intake, triage, audit
    FROM PUBLIC, frontdoor_intake, frontdoor_triage, frontdoor_audit, frontdoor_reader, frontdoor_auditor, frontdoor_disposer;
GRANT USAGE ON SCHEMA intake TO frontdoor_intake, frontdoor_reader, frontdoor_disposer;
GRANT USAGE ON SCHEMA triage TO frontdoor_triage, frontdoor_reader, frontdoor_disposer;
GRANT USAGE ON SCHEMA audit TO frontdoor_audit, frontdoor_reader, frontdoor_auditor, frontdoor_disposer;

-- An auditor sees the accounts as a reader does, and the recorded values besides.
GRANT frontdoor_reader TO frontdoor_auditor;

-- A frozen relay keeps its session, and with it the lock that keeps every other relay out. One at work is silent for no
-- longer than a produce at its limits takes (services/intake/relay.py).
ALTER ROLE frontdoor_intake SET idle_session_timeout = '90s';

-- Each service finds its own tables without naming the schema, and nothing else by accident.
ALTER ROLE frontdoor_intake SET search_path = intake;
ALTER ROLE frontdoor_triage SET search_path = triage;
ALTER ROLE frontdoor_audit SET search_path = audit;
