-- Empties a lane's webhook secrets, to fold them again.   1 lane
DELETE FROM webhook_secrets WHERE lane = $1
