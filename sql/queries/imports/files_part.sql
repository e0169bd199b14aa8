-- A part of a file.   1 lane   2 account id   3 digest   4 number
SELECT content FROM import_file_parts WHERE lane = $1 AND account_id = $2 AND digest = $3 AND number = $4
