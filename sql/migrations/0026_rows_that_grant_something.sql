-- Rows that grant something carry a MAC under a key that is made from the master key, which the database does not have: who
-- writes such a row with the service's own login grants nothing by it (docs/decisions/0016-rows-that-grant-carry-a-mac.md).

-- Of a key that is not revoked. A revoked one has none.
ALTER TABLE api_keys ADD COLUMN mac bytea;
ALTER TABLE providers ADD COLUMN mac bytea;
ALTER TABLE webhook_secrets ADD COLUMN mac bytea;
-- Of what an endpoint is; and, while it is switched on, of that.
ALTER TABLE webhook_endpoints ADD COLUMN mac bytea, ADD COLUMN enabled_mac bytea;

-- Whether the rows of releases before this one were given their MACs, which happens once. Only the owner may write it: a row
-- without a MAC that comes later stays without.
CREATE TABLE macs_given (
    one      boolean     PRIMARY KEY DEFAULT true CHECK (one),
    given_at timestamptz NOT NULL
);
INSERT INTO macs_given (given_at)
SELECT now()
 WHERE NOT EXISTS (SELECT FROM api_keys) AND NOT EXISTS (SELECT FROM providers)
   AND NOT EXISTS (SELECT FROM webhook_secrets) AND NOT EXISTS (SELECT FROM webhook_endpoints);

-- A MAC says who wrote a row, and not that the row is still the last one: nothing but this keeps a copy from before a
-- revocation from being put back.
CREATE FUNCTION keep_revoked_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'key % is revoked, and stays as it is', OLD.key_id USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER revoked_keys_are_not_changed BEFORE UPDATE ON api_keys
    FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL) EXECUTE FUNCTION keep_revoked_key();
CREATE TRIGGER key_ids_are_not_changed BEFORE UPDATE ON api_keys
    FOR EACH ROW WHEN (NEW.key_id <> OLD.key_id) EXECUTE FUNCTION refuse_change();
ALTER TABLE api_keys ENABLE ALWAYS TRIGGER revoked_keys_are_not_changed;
ALTER TABLE api_keys ENABLE ALWAYS TRIGGER key_ids_are_not_changed;

-- Services remember keys until this number is another one: set back, it would hide a revocation from them.
CREATE FUNCTION keep_epoch_growing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the epoch of the API keys only grows' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER epoch_only_grows BEFORE UPDATE ON api_key_epoch
    FOR EACH ROW WHEN (NEW.epoch <= OLD.epoch) EXECUTE FUNCTION keep_epoch_growing();
ALTER TABLE api_key_epoch ENABLE ALWAYS TRIGGER epoch_only_grows;
