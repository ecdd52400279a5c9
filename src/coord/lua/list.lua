-- Every bucket in key order, as it is now; nothing is changed. KEYS: index, restart mark. ARGV: now, prefix of the buckets' keys, how many at most.
-- Answers {how many there are, now, then of each name, kind, calls, per, burst, rate, tokens, blocked, taken, refused}.
local now, restart = now_of(ARGV[1]), tonumber(redis.call('GET', KEYS[2]) or 0)
local max, answer, found = tonumber(ARGV[3]), {0, now}, 0
for _, name in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local key = ARGV[2] .. name
    local b = bucket_ready(key, now, restart)
    if not b then
        redis.call('ZREM', KEYS[1], name)
    else
        found = found + 1
        if found <= max then
            local rate = divmod(rate_of(b) * 1000, unit_of(b))
            for _, value in ipairs({name, b.kind, b.calls, b.per, b.burst, rate, b.milli, b.blocked, b.taken, b.refused}) do
                answer[#answer + 1] = value
            end
        end
    end
end
answer[1] = found
return answer
