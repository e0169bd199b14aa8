-- The server settings without which a commit may be lost.
SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
       current_setting('server_version_num')::integer AS version
