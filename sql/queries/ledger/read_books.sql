-- What a batch of decisions has to see, in one snapshot: the head, and the named rows as JSON.
-- Named rows are looked up one by one: the LIMIT keeps the planner from joining them the other way round, which it would
-- choose while a table is still empty, and keep while it grows.
--   1 lane   2 account ids
--   named rows, one array a column:
--   3, 4, 5 orders: account, currency, reference   6, 7 payouts, each with its cases: account, payout id
--   8, 9 reserves: account, reserve id   10, 11 webhook secrets: account, secret id
--   12, 13 answers: account, idempotency key   14, 15 provider events: account, event id
--   16, 17 payouts and cases by the provider's id: account, provider payout id
--   18, 19 cases, each with its payout, and the one that the provider means: account, case id
--   20, 21, 22 payouts whose submission has no answer yet: account, amount (as text), currency
--   23, 24 channels: account, channel
--   25, 26, 27, 28, 29, 30 statements, all of that number, and of that channel, seller (or empty) and currency the one
--   before that time (or empty) and the two newest with a deposit: account, channel, seller, number, currency, created at
SELECT h.position, h.term, h.digest, instant(h.recorded_at) AS recorded_at,
       (SELECT json_agg(json_build_object(
                   'account_id', a.account_id, 'version', a.version, 'mode', a.mode, 'backend', a.backend,
                   'status', a.status, 'currencies', a.currencies, 'opened_at', instant(a.opened_at)))
          FROM accounts a WHERE a.lane = $1 AND a.account_id = ANY ($2::text[])) AS accounts,
       (SELECT json_agg(json_build_object(
                   'account_id', b.account_id, 'bank_code', b.bank_code, 'bank_name', b.bank_name,
                   'bank_account_number', b.bank_account_number, 'bank_account_holder', b.bank_account_holder,
                   'updated_at', instant(b.updated_at)))
          FROM bank_accounts b WHERE b.lane = $1 AND b.account_id = ANY ($2::text[])) AS bank_accounts,
       (SELECT json_agg(json_build_object(
                   'account_id', p.account_id, 'workspace_id', p.workspace_id, 'key_id', p.key_id,
                   'secret', p.secret, 'base_url', p.base_url))
          FROM providers p WHERE p.lane = $1 AND p.account_id = ANY ($2::text[])) AS providers,
       (SELECT json_agg(json_build_object(
                   'account_id', b.account_id, 'currency', b.currency, 'pending', b.pending, 'available', b.available,
                   'reserved', b.reserved, 'held', b.held, 'paid_out', b.paid_out))
          FROM balances b WHERE b.lane = $1 AND b.account_id = ANY ($2::text[])) AS balances,
       (SELECT json_agg(json_build_object('account_id', k.account_id, 'generation', k.generation,
                                          'wrapped', encode(k.wrapped, 'base64')))
          FROM account_keys k WHERE k.lane = $1 AND k.account_id = ANY ($2::text[])) AS account_keys,
       (SELECT json_agg(json_build_object(
                   'account_id', o.account_id, 'currency', o.currency, 'reference', o.reference,
                   'recorded', o.recorded, 'pending', o.pending, 'refunded', o.refunded, 'channel', o.channel,
                   'expected_at', instant(o.expected_at)))
          FROM unnest($3::text[], $4::text[], $5::text[]) AS n(account_id, currency, reference)
          CROSS JOIN LATERAL (SELECT * FROM orders r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.currency = n.currency
                                 AND r.reference = n.reference LIMIT 1) o) AS orders,
       (SELECT json_agg(json_build_object(
                   'account_id', p.account_id, 'payout_id', p.payout_id, 'position', p.position, 'amount', p.amount,
                   'currency', p.currency, 'status', p.status, 'backend', p.backend, 'bank_code', p.bank_code,
                   'bank_name', p.bank_name, 'bank_account_number', p.bank_account_number,
                   'bank_account_holder', p.bank_account_holder, 'note', p.note, 'reference', p.reference,
                   'failure_reason', p.failure_reason, 'provider_payout_id', p.provider_payout_id,
                   'requested_at', instant(p.requested_at), 'in_transit_at', instant(p.in_transit_at),
                   'paid_at', instant(p.paid_at), 'failed_at', instant(p.failed_at),
                   'cancelled_at', instant(p.cancelled_at), 'returned_at', instant(p.returned_at), 'told', p.told,
                   'contradictions', p.contradictions, 'submission', p.submission, 'attempt', p.attempt,
                   'submission_started_at', instant(p.submission_started_at),
                   'cancel_asked_at', instant(p.cancel_asked_at)))
          FROM (SELECT f.* FROM unnest($6::text[], $7::text[]) AS n(account_id, payout_id)
                  CROSS JOIN LATERAL (SELECT * FROM payouts r WHERE r.lane = $1 AND r.account_id = n.account_id
                                                                AND r.payout_id = n.payout_id LIMIT 1) f
                UNION ALL
                SELECT f.* FROM unnest($16::text[], $17::text[]) AS n(account_id, provider_payout_id)
                  CROSS JOIN LATERAL (SELECT * FROM payouts r
                                       WHERE r.lane = $1 AND r.provider_payout_id = n.provider_payout_id
                                         AND r.account_id = n.account_id LIMIT 1) f
                UNION ALL
                SELECT f.* FROM unnest($18::text[], $19::text[]) AS n(account_id, case_id)
                  CROSS JOIN LATERAL (SELECT r.payout_id FROM cases r WHERE r.lane = $1 AND r.account_id = n.account_id
                                                                        AND r.case_id = n.case_id LIMIT 1) c
                  CROSS JOIN LATERAL (SELECT * FROM payouts r WHERE r.lane = $1 AND r.account_id = n.account_id
                                                                AND r.payout_id = c.payout_id LIMIT 1) f
                UNION ALL
                SELECT f.* FROM unnest($18::text[], $19::text[]) AS n(account_id, case_id)
                  CROSS JOIN LATERAL (SELECT r.provider_payout_id FROM cases r
                                       WHERE r.lane = $1 AND r.account_id = n.account_id AND r.case_id = n.case_id
                                       LIMIT 1) c
                  CROSS JOIN LATERAL (SELECT * FROM payouts r
                                       WHERE r.lane = $1 AND r.provider_payout_id = c.provider_payout_id
                                         AND r.account_id = n.account_id LIMIT 1) f
                UNION ALL
                SELECT f.* FROM unnest($20::text[], $21::text[], $22::text[]) AS n(account_id, amount, currency)
                  CROSS JOIN LATERAL (SELECT * FROM payouts r
                                       WHERE r.lane = $1 AND r.account_id = n.account_id AND r.backend = 'plugipay'
                                         AND r.status = 'pending' AND r.provider_payout_id IS NULL
                                         AND r.submission IS NOT NULL AND r.amount = n.amount::bigint
                                         AND r.currency = n.currency LIMIT 100) f) p) AS payouts,
       (SELECT json_agg(json_build_object(
                   'account_id', c.account_id, 'case_id', c.case_id, 'position', c.position, 'kind', c.kind,
                   'known', c.known, 'said', c.said, 'payout_id', c.payout_id,
                   'provider_payout_id', c.provider_payout_id, 'amount', c.amount, 'currency', c.currency,
                   'told', c.told, 'opened_at', instant(c.opened_at), 'closed_at', instant(c.closed_at),
                   'reason', c.reason, 'closed_by', c.closed_by))
          FROM (SELECT f.* FROM unnest($18::text[], $19::text[]) AS n(account_id, case_id)
                  CROSS JOIN LATERAL (SELECT * FROM cases r WHERE r.lane = $1 AND r.account_id = n.account_id
                                                              AND r.case_id = n.case_id LIMIT 1) f
                UNION ALL
                SELECT f.* FROM unnest($16::text[], $17::text[]) AS n(account_id, provider_payout_id)
                  CROSS JOIN LATERAL (SELECT * FROM cases r
                                       WHERE r.lane = $1 AND r.account_id = n.account_id
                                         AND r.provider_payout_id = n.provider_payout_id LIMIT 20) f
                UNION ALL
                SELECT f.* FROM unnest($6::text[], $7::text[]) AS n(account_id, payout_id)
                  CROSS JOIN LATERAL (SELECT * FROM cases r WHERE r.lane = $1 AND r.account_id = n.account_id
                                                              AND r.payout_id = n.payout_id LIMIT 20) f
                UNION ALL
                SELECT f.* FROM unnest($16::text[], $17::text[]) AS n(account_id, provider_payout_id)
                  CROSS JOIN LATERAL (SELECT r.payout_id FROM payouts r
                                       WHERE r.lane = $1 AND r.provider_payout_id = n.provider_payout_id
                                         AND r.account_id = n.account_id LIMIT 1) p
                  CROSS JOIN LATERAL (SELECT * FROM cases r WHERE r.lane = $1 AND r.account_id = n.account_id
                                                              AND r.payout_id = p.payout_id LIMIT 20) f) c) AS cases,
       (SELECT json_agg(json_build_object(
                   'account_id', r.account_id, 'reserve_id', r.reserve_id, 'currency', r.currency,
                   'amount', r.amount, 'remaining', r.remaining, 'reason', r.reason, 'until', instant(r.until),
                   'held_at', instant(r.held_at)))
          FROM unnest($8::text[], $9::text[]) AS n(account_id, reserve_id)
          CROSS JOIN LATERAL (SELECT * FROM reserves r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.reserve_id = n.reserve_id LIMIT 1) r) AS reserves,
       (SELECT json_agg(json_build_object(
                   'account_id', s.account_id, 'secret_id', s.secret_id, 'secret', s.secret,
                   'added_at', instant(s.added_at), 'retired_at', instant(s.retired_at)))
          FROM unnest($10::text[], $11::text[]) AS n(account_id, secret_id)
          CROSS JOIN LATERAL (SELECT * FROM webhook_secrets r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.secret_id = n.secret_id LIMIT 1) s) AS webhook_secrets,
       (SELECT json_agg(json_build_object(
                   'account_id', i.account_id, 'key', i.key, 'digest', i.digest, 'status', i.status,
                   'answer', encode(i.answer, 'base64'), 'key_generation', i.key_generation, 'position', i.position))
          FROM unnest($12::text[], $13::text[]) AS n(account_id, key)
          CROSS JOIN LATERAL (SELECT * FROM answers r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.key = n.key LIMIT 1) i) AS answers,
       (SELECT json_agg(json_build_object('account_id', e.account_id, 'event_id', e.event_id))
          FROM unnest($14::text[], $15::text[]) AS n(account_id, event_id)
          CROSS JOIN LATERAL (SELECT * FROM provider_events r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.event_id = n.event_id LIMIT 1) e) AS provider_events,
       (SELECT json_agg(json_build_object('account_id', c.account_id, 'channel', c.channel, 'collects', c.collects,
                                          'seller', c.seller, 'currency', c.currency, 'zone', c.zone))
          FROM unnest($23::text[], $24::text[]) AS n(account_id, channel)
          CROSS JOIN LATERAL (SELECT * FROM channels r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.channel = n.channel LIMIT 1) c) AS channels,
       (SELECT json_agg(json_build_object(
                   'account_id', s.account_id, 'channel', s.channel, 'seller', s.seller, 'number', s.number,
                   'source', s.source, 'currency', s.currency, 'content', s.content, 'findings', s.findings,
                   'digest', s.digest, 'reference', s.reference, 'collects', s.collects,
                   'first_position', s.first_position, 'position', s.position, 'created_at', instant(s.created_at),
                   'updated_at', instant(s.updated_at), 'paid', s.paid, 'was_paid', s.was_paid, 'booked', s.booked,
                   'paid_out', s.paid_out, 'deposit', s.deposit, 'previous', s.previous))
          FROM unnest($25::text[], $26::text[], $27::text[], $28::text[], $29::text[], $30::text[])
               AS n(account_id, channel, seller, number, currency, created_at)
          CROSS JOIN LATERAL (
               (SELECT * FROM statements r
                 WHERE r.lane = $1 AND r.account_id = n.account_id AND r.number = n.number LIMIT 100)
               UNION ALL
               (SELECT * FROM statements r
                 WHERE r.lane = $1 AND r.account_id = n.account_id AND r.channel = n.channel AND r.seller = n.seller
                   AND r.currency = n.currency AND r.number <> n.number
                   AND (coalesce(r.created_at, '-infinity'), r.number)
                       < (coalesce(nullif(n.created_at, '')::timestamptz, '-infinity'), n.number)
                 ORDER BY coalesce(r.created_at, '-infinity') DESC, r.number DESC LIMIT 1)
               UNION ALL
               (SELECT * FROM statements r
                 WHERE r.lane = $1 AND r.account_id = n.account_id AND r.channel = n.channel AND r.seller = n.seller
                   AND r.currency = n.currency AND r.deposit IS NOT NULL
                 ORDER BY coalesce(r.created_at, '-infinity') DESC, r.number DESC LIMIT 2)) s) AS statements
  FROM lanes h
 WHERE h.lane = $1
