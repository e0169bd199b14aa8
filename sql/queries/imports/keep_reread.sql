-- Keeps how far an import's last reread is, or what it came to.   1 lane   2 account id   3 import id   4 the reread
UPDATE imports SET reread = $4 WHERE lane = $1 AND account_id = $2 AND import_id = $3
