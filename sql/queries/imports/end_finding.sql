-- Ends a finding of all imports of a file: it was read without it now.   1 lane   2 account id   3 digest   4 rule
UPDATE imports SET receipt = receipt #- ARRAY['findings', $4]
 WHERE lane = $1 AND account_id = $2 AND digest = $3 AND receipt -> 'findings' ? $4
