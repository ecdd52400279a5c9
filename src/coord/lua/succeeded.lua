-- A success gives back 1 % of the declared rate. KEYS: bucket.
local learned = tonumber(redis.call('HGET', KEYS[1], 'learned') or 1000)
if learned < 1000 then redis.call('HSET', KEYS[1], 'learned', math.min(learned + 10, 1000)) end
return 1
