-- Channels as they are set now.
channels_now AS (
    INSERT INTO channels (lane, account_id, channel, collects, seller, currency, zone, paid_out)
    SELECT head.lane, r.account_id, r.channel, r.collects, r.seller, r.currency, r.zone, r.paid_out
      FROM head, json_to_recordset(:channels::json)
           AS r(account_id text, channel text, collects text, seller text, currency text, zone text,
                paid_out jsonb)
    ON CONFLICT (lane, account_id, channel) DO UPDATE
       SET collects = excluded.collects, seller = excluded.seller, currency = excluded.currency, zone = excluded.zone,
           paid_out = excluded.paid_out
)
