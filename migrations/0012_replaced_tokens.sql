-- Why: two tabs may renew with the same token at the same moment. Who used one first is kept, so that only they may come with it again, shortly.
SET LOCAL lock_timeout = '5s';

-- A digest (SHA-256) of the client's network and User-Agent.
ALTER TABLE refresh_tokens ADD COLUMN used_by bytea;
