-- A file that is kept, and the keys that may have sealed it.   1 lane   2 account id   3 digest
SELECT f.sealed_by, f.generation, f.bytes, f.request, f.shop, instant(f.arrived_at) AS arrived_at, k.wrapped
  FROM import_files f
  LEFT JOIN account_keys k ON k.lane = f.lane AND k.account_id = f.sealed_by AND k.generation = f.generation
 WHERE f.lane = $1 AND f.account_id = $2 AND f.digest = $3
