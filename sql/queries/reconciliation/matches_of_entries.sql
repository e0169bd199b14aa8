-- The matches of some bank entries that stand.   1 lane   2 account id   3 entry ids
SELECT match_id, entry_id FROM matches
 WHERE lane = $1 AND account_id = $2 AND entry_id = ANY ($3::text[]) AND unmade_at IS NULL
