-- Keeps everybody else from writing rows that grant something, until the transaction ends.
LOCK TABLE macs_given, api_keys, providers, webhook_secrets, webhook_endpoints IN SHARE ROW EXCLUSIVE MODE
