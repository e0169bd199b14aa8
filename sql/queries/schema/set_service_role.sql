-- Sets the service's login for grants.sql, until the transaction ends.   1 role
SELECT set_config('payout_ledger.service_role', $1, true)
