-- The epoch of the API keys: a number that grows with every change of a key.
SELECT epoch FROM api_key_epoch
