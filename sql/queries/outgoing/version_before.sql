-- An account's version before a position.   1 lane   2 account id   3 position
SELECT coalesce((SELECT version FROM events WHERE lane = $1 AND account_id = $2 AND position < $3
                  ORDER BY version DESC LIMIT 1), 0)
