-- Puts a MAC beside a row: the MAC, then the row's key. The table, its key and the MAC's column are those of the granting
-- table (service/ledger/vault.py).
UPDATE {table} SET {mac} = $1 WHERE ({key}) = ({values})
