-- Counts a look at the provider for a payout: how many times in a row it was not known. Nothing where it was known twice.
--   1 lane   2 payout id   3 whether it was not known
UPDATE provider_work
   SET unknown_looks = CASE WHEN $3 THEN unknown_looks + 1 ELSE 0 END
 WHERE lane = $1 AND payout_id = $2 AND ($3 OR unknown_looks > 0)
RETURNING unknown_looks
