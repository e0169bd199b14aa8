-- Events and heads are written by these functions alone, which belong to the schema's owner: the service's own login can
-- neither put an event beyond the head, nor leave one out, nor move a head to where no event stands.

-- How far ahead of this server's clock anything may be recorded, whatever the service's settings say. The owner may replace it.
CREATE FUNCTION clock_ahead_max() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '1 hour' $$;

-- Appends events to a lane whose head has the position and the term that the writer expects; gives the new position, or
-- null, with nothing written, where the head has moved, or where the time is further ahead of this server's clock than
-- that many seconds. Each event has to follow the one before it: by its position, by its digest, and in its account by its
-- version. What is given beside the envelopes has to be what they say. They are compared as text: to parse JSON here would
-- cost a twentieth of an import.
CREATE FUNCTION append_events(
    of_lane integer, expected_position bigint, expected_term bigint, new_recorded_at timestamptz, seconds_ahead float8,
    new_accounts text[], new_versions bigint[], new_types text[], new_effective_at text[], new_envelopes text[],
    new_digests bytea[]
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head        lanes%ROWTYPE;
    new_events  integer := cardinality(new_envelopes);
    chain       bytea[];
    follow      boolean;
    written     bigint;
    -- Patterns of what stands in an envelope between the values of an event.
    to_position text := format('",%%,"lane":%s,"ledgerId":"%%","position":', of_lane);
    to_type     text := format(',"recordedAt":"%s",%%,"type":"', instant(new_recorded_at));
BEGIN
    SELECT * INTO head FROM lanes WHERE lane = of_lane FOR UPDATE;
    IF head.position IS DISTINCT FROM expected_position OR head.term <> expected_term
       OR new_recorded_at > greatest(head.recorded_at, clock_timestamp()
                                                       + least(make_interval(secs => seconds_ahead), clock_ahead_max()))
    THEN
        RETURN NULL;
    END IF;
    IF new_recorded_at < head.recorded_at THEN
        RAISE EXCEPTION 'lane %: nothing is recorded before what was recorded last', of_lane USING ERRCODE = 'check_violation';
    END IF;
    chain := ARRAY[head.digest] || new_digests;
    IF new_events > 0 THEN
        WITH made AS (
            INSERT INTO events (lane, position, account_id, version, type, effective_at, recorded_at, envelope, digest)
            SELECT of_lane, expected_position + e.number, e.account_id, e.version, e.type, e.effective_at::timestamptz,
                   new_recorded_at, e.envelope, e.digest
              FROM unnest(new_accounts, new_versions, new_types, new_effective_at, new_envelopes, new_digests, chain)
                   WITH ORDINALITY AS e(account_id, version, type, effective_at, envelope, digest, before, number)
             WHERE e.digest = sha256(e.before || convert_to(e.envelope, 'UTF8'))
               AND starts_with(e.envelope, '{"accountId":"' || e.account_id || '",')
               AND e.envelope LIKE concat('%,"effectiveAt":"', e.effective_at, to_position, expected_position + e.number,
                                          to_type, e.type, '","version":', e.version, '}')
            RETURNING account_id, version
        ), of_accounts AS (
            SELECT account_id, min(version) AS first, max(version) - min(version) + 1 = count(*) AS whole, count(*) AS events
              FROM made GROUP BY account_id
        )
        SELECT sum(a.events),
               -- The versions before are those of the statement's beginning: without what it has just written.
               bool_and(a.whole
                        AND NOT EXISTS (SELECT FROM events e WHERE e.lane = of_lane AND e.account_id = a.account_id
                                                               AND e.version = a.first)
                        AND (a.first = 1 OR EXISTS (SELECT FROM events e
                                                     WHERE e.lane = of_lane AND e.account_id = a.account_id
                                                       AND e.version = a.first - 1)))
          INTO written, follow
          FROM of_accounts a;
        IF written IS DISTINCT FROM new_events THEN
            RAISE EXCEPTION 'lane %: an event is not the next one by its digest, or says another account, lane, position, '
                            'time, type or version than it is given', of_lane USING ERRCODE = 'check_violation';
        END IF;
        IF NOT follow THEN
            RAISE EXCEPTION 'lane %: an event does not follow the last one of its account', of_lane
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    UPDATE lanes SET (position, digest, recorded_at)
                   = (expected_position + new_events, chain[new_events + 1], new_recorded_at)
     WHERE lane = of_lane;
    RETURN expected_position + new_events;
END $$;

-- Waits for a lane's head and locks it until the transaction ends; its position.
CREATE FUNCTION lock_lane(of_lane integer) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT position FROM lanes WHERE lane = of_lane FOR UPDATE $$;

-- Moves a lane's term: an append that was sent earlier and has not taken effect by now never will.
CREATE FUNCTION end_term(of_lane integer) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$ UPDATE lanes SET term = term + 1 WHERE lane = of_lane $$;

-- Creates a lane's head before its first event; does nothing where it exists.
CREATE FUNCTION begin_lane(of_lane integer, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO lanes (lane, position, digest, recorded_at)
    VALUES (of_lane, 0, decode(repeat('00', 32), 'hex'), least(at, clock_timestamp() + clock_ahead_max()))
    ON CONFLICT DO NOTHING
$$;

REVOKE ALL ON FUNCTION append_events(
    integer, bigint, bigint, timestamptz, float8, text[], bigint[], text[], text[], text[], bytea[]
) FROM PUBLIC;
REVOKE ALL ON FUNCTION lock_lane(integer), end_term(integer), begin_lane(integer, timestamptz) FROM PUBLIC;
