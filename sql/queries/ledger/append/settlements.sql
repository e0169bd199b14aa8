-- Money that channels tell of under their references, as it was last told.
settlements_now AS (
    INSERT INTO settlements (lane, account_id, channel, seller, reference, currency, counts_for, collects, sources,
                             position, booked, released)
    SELECT head.lane, r.account_id, r.channel, r.seller, r.reference, r.currency, r.counts_for, r.collects, r.sources,
           r.position, r.booked, r.released
      FROM head, json_to_recordset(:settlements::json)
           AS r(account_id text, channel text, seller text, reference text, currency text, counts_for text,
                collects text, sources jsonb, position bigint, booked bigint, released boolean)
    ON CONFLICT (lane, account_id, channel, seller, reference) DO UPDATE
       SET collects = excluded.collects, sources = excluded.sources, position = excluded.position,
           booked = excluded.booked, released = excluded.released
)
