-- How far a shop's API was pulled.   1 lane   2 account id   3 channel   4 api   5 shop
SELECT state, since, until, resume, pages, whole_since, whole_until
  FROM pulls
 WHERE lane = $1 AND account_id = $2 AND channel = $3 AND api = $4 AND shop = $5
