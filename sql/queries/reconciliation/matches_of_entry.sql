-- All matches of a bank entry, also unmade ones, oldest first.   1 lane   2 account id   3 entry id
SELECT match_id, currency, targets, reason, made_by, instant(made_at) AS made_at, instant(unmade_at) AS unmade_at,
       unmade_by, unmade_reason
  FROM matches
 WHERE lane = $1 AND account_id = $2 AND entry_id = $3
 ORDER BY position
