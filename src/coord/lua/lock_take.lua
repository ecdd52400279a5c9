-- KEYS: lock, fence. ARGV: now, owner, time to live. Answers {taken, fence or what is left, holder}.
-- A fence is at least the time in microseconds: it grows also after the counter is lost.
local now, owner, ttl = now_of(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local HOUR_MS, DAY_MS = 3600000, 86400000
local held = redis.call('HMGET', KEYS[1], 'owner', 'fence', 'entered', 'expires')
local live = held[1] and tonumber(held[4]) > now
if live and held[1] ~= owner then return {0, tonumber(held[4]) - now, held[1]} end
local fence, entered = held[2], tonumber(held[3] or 0)
if not live then
    fence = whole(math.max(tonumber(redis.call('GET', KEYS[2]) or 0) + 1, now * 1000))
    entered = 0
    redis.call('SET', KEYS[2], fence, 'PX', DAY_MS)
end
redis.call('HSET', KEYS[1], 'owner', owner, 'fence', fence, 'entered', entered + 1, 'expires', whole(now + ttl))
-- The lock ends by `expires`, by one clock; the key goes later, when nobody asks for it.
redis.call('PEXPIRE', KEYS[1], whole(ttl + HOUR_MS))
return {1, fence, owner}
