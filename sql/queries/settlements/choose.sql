-- Of all records of the same money, chooses the one that counts: the newest that books, else the newest.
--   1 lane   2 references, as JSON: account_id, channel, seller, reference
WITH touched AS (
    SELECT DISTINCT l.account_id, l.channel, l.seller, l.reference, l.source, l.version, l.position, l.books, l.totals
      FROM json_to_recordset($2::json) AS r(account_id text, channel text, seller text, reference text)
      JOIN settlement_lines l
        ON l.lane = $1 AND l.account_id = r.account_id AND l.channel = r.channel AND l.seller = r.seller
       AND l.reference = r.reference
), chosen AS (
    SELECT DISTINCT ON (account_id, channel, seller, reference) account_id, channel, seller, reference, source
      FROM touched
     WHERE totals
     ORDER BY account_id, channel, seller, reference, books DESC, version DESC NULLS LAST, position DESC
)
UPDATE settlement_lines l
   SET counts = c.source IS NOT NULL
  FROM touched t
  LEFT JOIN chosen c USING (account_id, channel, seller, reference, source)
 WHERE l.lane = $1 AND l.account_id = t.account_id AND l.channel = t.channel AND l.seller = t.seller
   AND l.reference = t.reference AND l.source = t.source AND l.counts <> (c.source IS NOT NULL)
