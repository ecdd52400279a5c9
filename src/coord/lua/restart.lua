-- Marks since when this server is used. KEYS: the server's run, restart mark. ARGV: now, run, whether calls were made
-- without it. A server that was started again may have old buckets on its disk: those start empty too.
local now = now_of(ARGV[1])
local known = redis.call('GET', KEYS[1])
local KEPT_MS = 40 * 86400000
redis.call('SET', KEYS[1], ARGV[2], 'PX', KEPT_MS)
if known == ARGV[2] and ARGV[3] ~= '1' then return 0 end
redis.call('SET', KEYS[2], whole(now), 'PX', KEPT_MS)
return 1
