-- Signatures of requests that a key made for an account of its choice. The signature does not cover the account: it is
-- remembered here, for all replicas, as long as it is good for.
CREATE TABLE seen_signatures (
    signature text PRIMARY KEY,
    account_id text NOT NULL, -- empty where the request named none
    seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX seen_signatures_by_age ON seen_signatures (seen_at);
