-- Run once by the Postgres image, on an empty volume: the schema's owner, the service's login, and their database.
\getenv owner_password LEDGER_OWNER_PASSWORD
\getenv service_password LEDGER_SERVICE_PASSWORD
CREATE ROLE payout_ledger_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE payout_ledger LOGIN PASSWORD :'service_password';
CREATE DATABASE payout_ledger OWNER payout_ledger_owner;
REVOKE CONNECT, TEMPORARY ON DATABASE payout_ledger FROM PUBLIC;
GRANT CONNECT ON DATABASE payout_ledger TO payout_ledger;
