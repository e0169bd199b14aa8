-- Keeps the receipt of an import's file as it is read now.   1 lane   2 account id   3 import id   4 receipt
UPDATE imports SET receipt = $4 WHERE lane = $1 AND account_id = $2 AND import_id = $3
