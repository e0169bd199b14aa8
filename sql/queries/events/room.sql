-- How many more positions the partitions have room for, after the highest head.
SELECT (SELECT coalesce(max(split_part(relname, '_to_', 2)::bigint), 0)
          FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
         WHERE inhparent = 'events'::regclass)
     - (SELECT coalesce(max(position), 0) FROM lanes) - 1 AS room
