-- The lane of an account, fixed when it was first seen.   1 account id
SELECT lane FROM account_lanes WHERE account_id = $1
