-- Stores the current lines of sources.   1 lane   2 lines, as JSON
INSERT INTO settlement_lines (lane, account_id, channel, seller, reference, source, line, position, totals, books, counts,
                              level, kind, stage, amount, text, field, currency, depth, part_of, statement, invoice,
                              order_id, item, occurred_at, version, worths)
SELECT $1, r.account_id, r.channel, r.seller, r.reference, r.source, r.line, r.position, r.totals, r.books, false,
       r.level, r.kind, r.stage, r.amount::numeric, r.text, r.field, r.currency, r.depth, r.part_of, r.statement,
       r.invoice, r.order_id, r.item, r.occurred_at, r.version, r.worths
  FROM json_to_recordset($2::json)
       AS r(account_id text, channel text, seller text, reference text, source text, line integer, position bigint,
            totals boolean, books boolean, level text, kind text, stage text, amount text, text text, field text,
            currency text, depth integer, part_of text, statement text, invoice text, order_id text, item text,
            occurred_at timestamptz, version text, worths numeric[])
