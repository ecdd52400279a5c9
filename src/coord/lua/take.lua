-- Reserves a call in every bucket or in none. KEYS: index, workers, restart mark, then a bucket an ask.
-- ARGV: now, horizon, rank, waited, outside, worker, then of each ask name, kind, calls, per, burst, cap, cost, ttl.
-- Answers {taken, start - now, what the earliest start is away, living workers}.
local now = now_of(ARGV[1])
local horizon, rank = tonumber(ARGV[2]), tonumber(ARGV[3])
local waited, outside, worker = ARGV[4] == '1', ARGV[5] == '1', ARGV[6]
local WORKER_GONE_MS = 660000 -- who was sent away for the longest time is still there
local restart = tonumber(redis.call('GET', KEYS[3]) or 0)
local asks = {}

for i = 4, #KEYS do
    local at = 6 + (i - 4) * 8
    local calls, per, burst = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
    local kind, cap = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 6])
    local b = bucket_ready(KEYS[i], now, restart)
    if not b then
        b = bucket_new(now)
        redis.call('ZADD', KEYS[1], 0, ARGV[at + 1])
    elseif b.calls ~= calls or b.per ~= per or b.burst ~= burst or b.kind ~= kind then
        -- A changed limit keeps the tokens and forgets what was learned about the old one.
        b.learned, b.frac = LEARNED_MAX, 0
    end
    b.calls, b.per, b.burst, b.kind, b.cap, b.ttl = calls, per, burst, kind, cap, tonumber(ARGV[at + 8])
    asks[#asks + 1] = {bucket = b, cost = tonumber(ARGV[at + 7]), key = KEYS[i]}
end

-- The earliest moment that suits every bucket.
local start, agreed, turn = now, 0, 0
while agreed < #asks do
    local ask = asks[turn + 1]
    local own = bucket_earliest(ask.bucket, start, ask.cost)
    agreed = own > start and 1 or agreed + 1
    start, turn = own, (turn + 1) % #asks
end

local promised = start <= now + horizon
for _, ask in ipairs(asks) do
    local b = ask.bucket
    local awaited = not waited and line_last(b, rank) > now * 1000 and bucket_earliest(b, now, ask.cost) > now
    promised = promised and (start <= now or #b.turns < TURNS_MAX) and not awaited
end

local told = start
if promised then
    for _, ask in ipairs(asks) do
        bucket_reserve(ask.bucket, start, ask.cost)
        ask.bucket.taken = ask.bucket.taken + 1
    end
else
    told = start - math.floor(horizon / 2)
    told = told > now and told or now + 1
    if not outside then
        local latest, place = nil, told * 1000
        for _, ask in ipairs(asks) do
            if bucket_earliest(ask.bucket, now, ask.cost) > told then
                local own = bucket_place(ask.bucket, now, told, rank, ask.cost)
                if not latest or own > place then latest, place = ask.bucket, own end
            end
        end
        if latest then latest['last' .. rank] = place end
        told = math.floor(place / 1000)
    end
end
for _, ask in ipairs(asks) do bucket_save(ask.key, ask.bucket) end
redis.call('PEXPIRE', KEYS[1], 366 * DAY_MS)

redis.call('ZADD', KEYS[2], whole(now), worker)
redis.call('PEXPIRE', KEYS[2], DAY_MS)
return {promised and 1 or 0, told - now, start - now, redis.call('ZCOUNT', KEYS[2], whole(now - WORKER_GONE_MS), '+inf')}
