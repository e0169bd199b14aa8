-- Channels as they are set now.
channels_now AS (
    INSERT INTO channels (lane, account_id, channel, collects, seller, currency, zone)
    SELECT head.lane, r.account_id, r.channel, r.collects, r.seller, r.currency, r.zone
      FROM head, json_to_recordset(:channels::json)
           AS r(account_id text, channel text, collects text, seller text, currency text, zone text)
    ON CONFLICT (lane, account_id, channel) DO UPDATE
       SET collects = excluded.collects, seller = excluded.seller, currency = excluded.currency, zone = excluded.zone
)
