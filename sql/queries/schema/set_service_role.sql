-- Tells grants.sql, until the transaction ends, which login the service has.   1 role
SELECT set_config('payout_ledger.service_role', $1, true)
