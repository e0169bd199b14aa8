-- Keeps a part of a file.   1 lane   2 account id   3 digest   4 number   5 content
INSERT INTO import_file_parts (lane, account_id, digest, number, content) VALUES ($1, $2, $3, $4, $5)
