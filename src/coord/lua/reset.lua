-- Forgets a bucket: it starts anew, empty. KEYS: bucket.
return redis.call('DEL', KEYS[1])
