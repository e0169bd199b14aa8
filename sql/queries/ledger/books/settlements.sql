-- Money that channels tell of, by channel, seller (or empty) and reference.
(SELECT json_agg(json_build_object(
                   'account_id', s.account_id, 'channel', s.channel, 'seller', s.seller, 'reference', s.reference,
                   'currency', s.currency, 'counts_for', s.counts_for, 'collects', s.collects, 'sources', s.sources,
                   'position', s.position, 'booked', s.booked, 'released', s.released))
          FROM json_to_recordset(:settlements::json)
               AS n(account_id text, channel text, seller text, reference text)
          CROSS JOIN LATERAL (SELECT * FROM settlements r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.channel = n.channel
                                 AND r.seller = n.seller AND r.reference = n.reference LIMIT 1) s) AS settlements
