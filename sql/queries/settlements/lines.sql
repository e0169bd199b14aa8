-- Lines of sources.
--   1 lane   2 account id   3 channel, or null   4 order, or null   5 statement, or null   6 invoice, or null
--   7 item, or null   8, 9, 10, 11, 12 after this channel, seller, reference, source and line   13 limit   14 seller, or null
SELECT channel, seller, reference, source, line, position, counts, books, level, kind, stage, amount, text, field,
       currency, part_of, statement, invoice, order_id, item, instant(occurred_at) AS occurred_at
  FROM settlement_lines l
 WHERE lane = $1 AND account_id = $2
   AND ($3::text IS NULL OR channel = $3)
   AND ($4::text IS NULL OR order_id = $4)
   AND ($5::text IS NULL OR statement = $5)
   AND ($6::text IS NULL OR invoice = $6)
   AND ($7::text IS NULL OR item = $7)
   AND ($14::text IS NULL OR seller = $14)
   AND (channel, seller, reference, source, line) > ($8, $9, $10, $11, $12)
 ORDER BY channel, seller, reference, source, line
 LIMIT $13
