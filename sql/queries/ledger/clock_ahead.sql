-- By how many seconds a time is ahead of the server's clock; 0 where it is not.   1 the time
SELECT greatest(0, extract(epoch FROM $1::timestamptz - clock_timestamp()))::double precision
