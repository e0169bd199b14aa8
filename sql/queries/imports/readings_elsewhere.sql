-- Of some things, those that other files state too.
--   1 lane   2 account id   3 digests of the files that are read anew   4 things, as texts
SELECT DISTINCT s ->> 2 AS thing
  FROM import_readings r CROSS JOIN LATERAL jsonb_array_elements(r.stated) s
 WHERE r.lane = $1 AND r.account_id = $2 AND r.digest <> ALL ($3::text[]) AND s ->> 2 = ANY ($4::text[])
