-- What the embedded Postgres needs before the first migration: the schema's owner, the service's login, one database.
-- A script for psql, run at every start: it creates only what is missing.
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', login)
  FROM unnest(ARRAY['payout_ledger_owner', 'payout_ledger']) AS login
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login)
\gexec
SELECT 'CREATE DATABASE payout_ledger OWNER payout_ledger_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'payout_ledger')
\gexec
