-- Keeps what some records of a file stated.   1 lane   2 account id   3 digest   4 run   5 number   6 stated
INSERT INTO import_readings (lane, account_id, digest, run, number, stated) VALUES ($1, $2, $3, $4, $5, $6)
