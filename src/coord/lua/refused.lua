-- What a refusal of the platform teaches. KEYS: bucket, restart mark. ARGV: now, how long it asked to be left alone.
local now = now_of(ARGV[1])
local b = bucket_ready(KEYS[1], now, tonumber(redis.call('GET', KEYS[2]) or 0))
if not b then return 0 end
if now >= b.blocked then b.learned = math.max(math.floor(b.learned / 2), LEARNED_MIN) end
b.blocked = math.max(b.blocked, now + tonumber(ARGV[2]))
bucket_empty(b) -- we believed in tokens that the platform does not know of
b.refused = b.refused + 1
bucket_save(KEYS[1], b)
return 1
