-- Deletes the parts of a file, which are sealed anew.   1 lane   2 account id   3 digest
DELETE FROM import_file_parts WHERE lane = $1 AND account_id = $2 AND digest = $3
