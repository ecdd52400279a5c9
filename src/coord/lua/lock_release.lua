-- KEYS: lock. ARGV: owner. Whoever entered more than once leaves more than once; another's lock stays.
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
if redis.call('HINCRBY', KEYS[1], 'entered', -1) <= 0 then redis.call('DEL', KEYS[1]) end
return 1
