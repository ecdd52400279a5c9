-- KEYS: lock. ARGV: now, owner, time to live. Answers whether it is still the owner's.
local now, ttl = now_of(ARGV[1]), tonumber(ARGV[3])
local held = redis.call('HMGET', KEYS[1], 'owner', 'expires')
if held[1] ~= ARGV[2] or tonumber(held[2]) <= now then return 0 end
redis.call('HSET', KEYS[1], 'expires', whole(now + ttl))
redis.call('PEXPIRE', KEYS[1], whole(ttl + 3600000))
return 1
