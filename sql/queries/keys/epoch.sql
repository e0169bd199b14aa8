-- The number that moves with every change of a key.
SELECT epoch FROM api_key_epoch
