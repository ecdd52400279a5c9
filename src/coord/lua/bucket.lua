-- The arithmetic of coord/bucket.c once more, for several processes that share a bucket. It stands before every script
-- that needs it. Lua has doubles only, exact for whole numbers below 2^53, so a level is two of them: whole milli-tokens,
-- and a rest in grains of 1 / (per * 100) milli-token. A millisecond fills calls * 97 * learned grains (97: 970 per mille
-- of the rate are used), and nothing is ever rounded away. coord/redis_test.c holds every decision to those of bucket.c.
local DIGIT, LEARNED_MAX, LEARNED_MIN, LEARNED_STEP = 16384, 1000, 20, 10
local TURNS_MAX, CLOCK_BACK_MS, AWAY_MAX_MS, DAY_MS = 64, 1000, 600000, 86400000
local NAMES = {'calls', 'per', 'kind', 'burst', 'cap', 'learned', 'blocked', 'clock', 'milli', 'frac',
               'last0', 'last1', 'last2', 'taken', 'refused', 'ttl'}

-- math.fmod is exact where `%` is not: that one goes by the rounded quotient.
local function divmod(a, b)
    local rest = math.fmod(a, b)
    if rest < 0 then rest = rest + b end
    return (a - rest) / b, rest
end

-- floor(n * a / b) and the rest, for n >= 0 and 0 < a, b < 2^38: long division, digit by digit.
local function muldiv(n, a, b)
    if n * a < 9e15 then return divmod(n * a, b) end
    local digits, len = {}, 0
    while n > 0 do
        len = len + 1
        n, digits[len] = divmod(n, DIGIT)
    end
    local quotient, rest = 0, 0
    for i = len, 1, -1 do
        local part
        part, rest = divmod(rest * DIGIT + a * digits[i], b)
        quotient = quotient * DIGIT + part
    end
    return quotient, rest
end

local function whole(number)
    return string.format('%.0f', number)
end

-- The caller's clock under the test clock, else Redis's own.
local function now_of(text)
    if text ~= '' then return tonumber(text) end
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function bucket_new(now)
    return {clock = now, learned = LEARNED_MAX, blocked = 0, milli = 0, frac = 0, last0 = 0, last1 = 0, last2 = 0,
            taken = 0, refused = 0, ttl = 0, turns = {}}
end

local function bucket_load(key)
    local values = redis.call('HMGET', key, 'turns', unpack(NAMES))
    if not values[1] then return nil end
    local b = {turns = {}}
    for i, name in ipairs(NAMES) do b[name] = tonumber(values[i + 1]) end
    for at, cost in string.gmatch(values[1], '(%d+):(%d+)') do
        b.turns[#b.turns + 1] = {at = tonumber(at), cost = tonumber(cost)}
    end
    return b
end

local function bucket_save(key, b)
    local turns, values = {}, {}
    for i, turn in ipairs(b.turns) do turns[i] = whole(turn.at) .. ':' .. whole(turn.cost) end
    for _, name in ipairs(NAMES) do
        values[#values + 1] = name
        values[#values + 1] = whole(b[name])
    end
    redis.call('HSET', key, 'turns', table.concat(turns, ' '), unpack(values))
    -- A bucket that is full and blocks nobody is as good as none, but for what was learned.
    redis.call('PEXPIRE', key, whole(math.max(b.ttl, b.blocked - b.clock + DAY_MS)))
end

local function unit_of(b) return b.per * 100 end
local function rate_of(b) return b.calls * 97 * b.learned end
local function needed_of(b, cost) return math.min(cost, b.cap) end

-- A point is {at, milli, frac}: the level at a moment, moved along the turns.
local function point_move(b, p, to)
    local from = math.max(p.at, b.blocked)
    if to > from then
        local unit = unit_of(b)
        local milli, frac = muldiv(to - from, rate_of(b), unit)
        p.milli, p.frac = p.milli + milli, p.frac + frac
        if p.frac >= unit then p.milli, p.frac = p.milli + 1, p.frac - unit end
    end
    if p.milli >= b.cap then p.milli, p.frac = b.cap, 0 end
    p.at = math.max(p.at, to)
end

local function point_pay(b, p, turn)
    point_move(b, p, turn.at)
    p.milli = p.milli - turn.cost
end

local function point_ready(b, p, cost)
    local from, missing = math.max(p.at, b.blocked), needed_of(b, cost) - p.milli
    if missing <= 0 then return from end
    local rate = rate_of(b)
    local ms, rest = muldiv(missing, unit_of(b), rate)
    return from + ms - divmod(p.frac - rest, rate)
end

local function turns_hold(b, p, next)
    for i = next, #b.turns do
        local turn = b.turns[i]
        point_move(b, p, turn.at)
        if p.milli < needed_of(b, turn.cost) then return false end
        p.milli = p.milli - turn.cost
    end
    return true
end

local function bucket_settle(b, now)
    local p = {at = b.clock, milli = b.milli, frac = b.frac}
    local set_back, due = now < b.clock - CLOCK_BACK_MS, 0
    while due < #b.turns and (set_back or b.turns[due + 1].at <= now) do
        due = due + 1
        point_pay(b, p, b.turns[due])
    end
    local left = {}
    for i = due + 1, #b.turns do left[#left + 1] = b.turns[i] end
    b.turns = left
    if set_back then
        p.at = now
        b.last0, b.last1, b.last2 = 0, 0, 0
    end
    point_move(b, p, now)
    b.clock, b.milli, b.frac = p.at, p.milli, p.frac
end

local function bucket_empty(b)
    if b.milli >= 0 then b.milli, b.frac = 0, 0 end
end

-- `restart`: since when everybody uses this server again. What was saved up before knows nothing of the calls that were
-- made without it.
local function bucket_ready(key, now, restart)
    local b = bucket_load(key)
    if not b then return nil end
    if b.clock < restart and restart <= now then
        bucket_settle(b, restart)
        bucket_empty(b)
    end
    bucket_settle(b, now)
    return b
end

local function bucket_earliest(b, from, cost)
    local p = {at = b.clock, milli = b.milli, frac = b.frac}
    for next, turn in ipairs(b.turns) do
        local at = math.max(from, point_ready(b, p, cost))
        if at < turn.at then
            local taken = {at = p.at, milli = p.milli, frac = p.frac}
            point_pay(b, taken, {at = at, cost = cost})
            if turns_hold(b, taken, next) then return at end
        end
        point_pay(b, p, turn)
    end
    return math.max(from, point_ready(b, p, cost))
end

local function bucket_reserve(b, at, cost)
    if at <= b.clock then
        b.milli = b.milli - cost
        return
    end
    local place = #b.turns + 1
    while place > 1 and b.turns[place - 1].at > at do place = place - 1 end
    table.insert(b.turns, place, {at = at, cost = cost})
end

local function line_last(b, rank)
    local last = b.last0
    if rank >= 1 then last = math.max(last, b.last1) end
    if rank >= 2 then last = math.max(last, b.last2) end
    return last
end

local function bucket_place(b, now, from, rank, cost)
    local gap = muldiv(cost * 1000, unit_of(b), rate_of(b))
    return math.max(from * 1000, math.min(line_last(b, rank) + gap, (now + AWAY_MAX_MS) * 1000))
end
