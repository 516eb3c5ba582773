-- The counters of one project. An operation changes all of its counters or none. leases.lua follows
-- this text in the same script.
--
-- KEYS: the open reservations of a worker, the time since when the project is counted, the end of
--   the reservation, the counters of values that callers chose; then two for each claim: its
--   counter, and the one that is used instead when there is no space for another (the same if the
--   value was not chosen by a caller).
-- ARGV: operation, time in nanoseconds (empty: the server's), and what the operation says.
--
-- A counter is a text "kind start used held excess start used held excess until seen": a newer and
-- an older window, `-` without one; see infra/counters/row.py. Rates use the newer one: its start is
-- the theoretical arrival time of GCRA, and `seen` the last time that was read.
--
-- MAX_CHOSEN, a line before this text, bounds the counters of values that callers chose.
--
-- Lua's numbers are doubles, which are exact up to 2^53. Amounts are pairs of billions and a rest.

local BILLION = 1000000000
local WINDOW, RATE, HELD_RATE, OPEN = '1', '2', '3', '4'
local MOST = {2305843009, 213693952} -- 2^61: sums stop growing there
local SHORTEST_MS = 600000 -- for which a counter is kept, at least
local HELD_MS = 86400000 -- the same while amounts are reserved on it
local LONGEST_MS = 8640000000 -- for which anything is kept, at most
local LATE_MS = 3600000 -- for which a reservation that another worker has settled is remembered
local ENDED_MS = 900000 -- the same for one that was settled before it was made

local function number(text)
  local size = #text
  if size <= 9 then return {0, tonumber(text)} end
  return {tonumber(string.sub(text, 1, size - 9)), tonumber(string.sub(text, size - 8))}
end

local function add(a, b)
  local high, low = a[1] + b[1], a[2] + b[2]
  if low >= BILLION then return {high + 1, low - BILLION} end
  return {high, low}
end

local function subtract(a, b)
  local high, low = a[1] - b[1], a[2] - b[2]
  if low < 0 then return {high - 1, low + BILLION} end
  return {high, low}
end

local function below(a, b)
  return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2])
end

local function same(a, b)
  return a[1] == b[1] and a[2] == b[2]
end

local function most(a, b)
  if below(a, b) then return b end
  return a
end

local function least(a, b)
  if below(a, b) then return a end
  return b
end

local ZERO = {0, 0}

local function text(a)
  if a[1] < 0 then return '-' .. text(subtract(ZERO, a)) end
  if a[1] == 0 then return string.format('%d', a[2]) end
  return string.format('%d%09d', a[1], a[2])
end

local function minus(a, b)
  return most(subtract(a, b), ZERO)
end

local function milliseconds(a)
  return a[1] * 1000 + math.floor(a[2] / 1000000)
end

local function time_of(given)
  if given ~= '' then return number(given) end
  local time = redis.call('TIME')
  return {tonumber(time[1]), tonumber(time[2]) * 1000}
end

local now = time_of(ARGV[2])

-- Counters

local function window_of(start)
  return {start = start, used = ZERO, held = ZERO, excess = ZERO}
end

local function read_window(words, at)
  if words[at] == '-' then return nil end
  return {
    start = number(words[at]),
    used = number(words[at + 1]),
    held = number(words[at + 2]),
    excess = number(words[at + 3]),
  }
end

local function write_window(window)
  if not window then return '- - - -' end
  return table.concat(
    {text(window.start), text(window.used), text(window.held), text(window.excess)}, ' ')
end

local function is_rate(row)
  return row.kind == RATE or row.kind == HELD_RATE
end

local function decode(content)
  local words = {}
  for word in string.gmatch(content, '%S+') do words[#words + 1] = word end
  local row = {
    kind = words[1],
    new = read_window(words, 2),
    old = read_window(words, 6),
    till = number(words[10]),
  }
  local seen = number(words[11])
  if is_rate(row) and below(now, seen) then -- the server's clock went back
    row.new.start = minus(row.new.start, subtract(seen, now))
    row.is_moved = true
  end
  return row
end

local function encode(row)
  return table.concat(
    {row.kind, write_window(row.new), write_window(row.old), text(row.till), text(now)}, ' ')
end

local function window_at(row, start)
  if row.old and below(start, row.new.start) then return row.old end
  return row.new
end

local function open_window(row, start, till)
  if same(start, row.new.start) then return row.new end
  if below(row.new.start, start) then
    if row.old then row.new.held = add(row.new.held, row.old.held) end
    row.old, row.new, row.till = row.new, window_of(start), till
    return row.new
  end
  if row.old and below(row.old.start, start) then
    local held = row.old.held
    row.old = window_of(start)
    row.old.held = held
  end
  return window_at(row, start)
end

local function is_held(row)
  return below(ZERO, row.new.held) or (row.old ~= nil and below(ZERO, row.old.held))
end

local function kept_ms(row)
  local needed = SHORTEST_MS
  if row.kind == OPEN and not is_held(row) then return 0 end
  if row.kind == WINDOW then -- for the length of the window after its end
    local over = subtract(add(row.till, row.till), row.new.start)
    needed = math.max(needed, milliseconds(minus(over, now)))
  elseif is_rate(row) then
    needed = math.max(needed, milliseconds(minus(row.new.start, now)) + 1000)
  end
  if is_held(row) then needed = math.max(needed, HELD_MS) end
  return math.min(needed, LONGEST_MS)
end

local rows, changed = {}, {}
local chosen_key = KEYS[4]

local function find(key)
  if rows[key] then return rows[key] end
  local content = redis.call('GET', key)
  if not content then return nil end
  local row = decode(content)
  if row.is_moved then redis.call('SET', key, encode(row), 'KEEPTTL') end
  rows[key] = row
  return row
end

local function is_space()
  if redis.call('ZCARD', chosen_key) < MAX_CHOSEN then return true end
  redis.call('ZREMRANGEBYSCORE', chosen_key, '-inf', milliseconds(now))
  return redis.call('ZCARD', chosen_key) < MAX_CHOSEN
end

local function row_of(key, others, kind, start, till)
  local row = find(key)
  if row then return row, key end
  if others ~= key and not is_space() then
    row = find(others)
    key = others
  end
  if not row then
    row = {kind = kind, new = window_of(start), till = till}
    rows[key] = row
  end
  return row, key
end

local function save(key, row, is_chosen)
  local kept = kept_ms(row)
  if kept == 0 then
    redis.call('DEL', key)
    if is_chosen then redis.call('ZREM', chosen_key, key) end
    return
  end
  redis.call('SET', key, encode(row), 'PX', kept)
  if is_chosen then
    redis.call('ZADD', chosen_key, milliseconds(now) + kept, key)
    redis.call('PEXPIRE', chosen_key, LONGEST_MS)
  end
end

local function save_changed()
  for key, is_chosen in pairs(changed) do save(key, rows[key], is_chosen) end
end

local function counted_since()
  local since = redis.call('GET', KEYS[2])
  if not since then
    local time = redis.call('TIME')
    since = text({tonumber(time[1]), tonumber(time[2]) * 1000})
    redis.call('SET', KEYS[2], since, 'PX', LONGEST_MS)
  end
  return since
end

-- Claims: five words each, from ARGV[first]: kind, amount, other amount, start, end

local function claim_at(number_of, first)
  local at = first + 5 * number_of
  return {
    key = KEYS[5 + 2 * number_of],
    others = KEYS[6 + 2 * number_of],
    kind = ARGV[at],
    amount = number(ARGV[at + 1]),
    other = number(ARGV[at + 2]),
    start = number(ARGV[at + 3]),
    till = number(ARGV[at + 4]),
  }
end

local function claims_from(first)
  local found = {}
  for at = 0, (#KEYS - 4) / 2 - 1 do found[#found + 1] = claim_at(at, first) end
  return found
end

local function window_and_space(row, claim)
  if claim.kind == WINDOW then
    local window = open_window(row, claim.start, claim.till)
    return window, subtract(subtract(claim.other, window.used), window.held)
  end
  local window, space = row.new, subtract(claim.other, row.new.held)
  if is_rate(row) then space = subtract(space, minus(window.start, now)) end
  return window, space
end

local function hold(row, window, claim)
  if claim.kind == RATE then
    window.start = add(most(window.start, now), claim.amount)
  else
    window.held = add(window.held, claim.amount)
  end
end

-- Reserve: ARGV is id, claims (what a worker needs to settle it for this one), then the claims with
-- their caps. Returns {1, since, which counters, left …} or {0, index, space}.
local function reserve()
  local id, since = ARGV[3], counted_since()
  local before = redis.call('HGET', KEYS[1], id)
  if not before and redis.call('EXISTS', KEYS[3]) == 1 then return {-1} end
  local result, which, used = {1, since, ''}, '', {}
  for at, claim in ipairs(claims_from(5)) do
    local others = claim.others
    if before and string.sub(before, at, at) == '1' then claim.key = others end
    local row, key = row_of(claim.key, others, claim.kind, claim.start, claim.till)
    local window, space = window_and_space(row, claim)
    if before then
      result[#result + 1] = text(space)
    else
      if below(space, claim.amount) then return {0, at - 1, text(space)} end
      hold(row, window, claim)
      result[#result + 1] = text(subtract(space, claim.amount))
    end
    which = which .. (key == claim.key and '0' or '1')
    used[key] = key ~= others
  end
  if before then
    result[3] = string.match(before, '^%d*')
    return result
  end
  changed = used
  save_changed()
  redis.call('HSET', KEYS[1], id, which .. ' ' .. ARGV[4])
  redis.call('PEXPIRE', KEYS[1], LONGEST_MS)
  redis.call('PEXPIRE', KEYS[2], LONGEST_MS)
  result[3] = which
  return result
end

local function book(claim, reserved, used)
  if claim.kind == RATE or (same(reserved, ZERO) and same(used, ZERO)) then return end
  local row, key = row_of(claim.key, claim.others, claim.kind, claim.start, claim.till)
  local excess = minus(used, reserved)
  local window = row.new
  if claim.kind == WINDOW then
    window = window_at(row, claim.start)
    if not same(window.start, claim.start) then excess = used end
    window.used = least(add(window.used, used), MOST)
  elseif claim.kind == HELD_RATE then
    window.start = add(most(window.start, now), used)
  end
  window.held = minus(window.held, reserved)
  if claim.kind ~= OPEN then window.excess = least(add(window.excess, excess), MOST) end
  changed[key] = key ~= claim.others
end

-- What was counted at its estimate, because its worker was away, counts as it was.
local function correct(claim)
  if claim.kind ~= WINDOW then return end
  local row = find(claim.key)
  if not row then return end
  local window = window_at(row, claim.start)
  window.used = minus(add(window.used, claim.other), claim.amount)
  window.excess = add(window.excess, minus(claim.other, claim.amount))
  changed[claim.key] = claim.key ~= claim.others
end

-- Settle: ARGV is id, mode, since, then the claims with what was used. The mode is `recover` for the
-- reservation of another worker, which has ended. A reservation that is not there was settled
-- before, or was lost with all counters: another `since` tells.
local function settle()
  local id, mode, since = ARGV[3], ARGV[4], ARGV[5]
  local claims = claims_from(6)
  if redis.call('HDEL', KEYS[1], id) == 1 then
    for _, claim in ipairs(claims) do book(claim, claim.amount, claim.other) end
    if mode == 'recover' then redis.call('SET', KEYS[3], 'recovered', 'PX', LATE_MS) end
    save_changed()
    return 1
  end
  if mode == 'recover' then return 0 end
  local ended = redis.call('GET', KEYS[3])
  redis.call('SET', KEYS[3], 'settled', 'PX', ENDED_MS)
  if ended == 'recovered' then
    for _, claim in ipairs(claims) do correct(claim) end
  elseif not ended and since ~= '' and since ~= counted_since() then
    for _, claim in ipairs(claims) do book(claim, ZERO, claim.other) end
  end
  save_changed()
  return 0
end

-- Read: the claim. Returns {used, held, excess}.
local function read()
  local claim = claim_at(0, 3)
  local row = find(claim.key)
  if not row then return {'0', '0', '0'} end
  local new = row.new
  if claim.kind == OPEN then return {text(new.held), text(new.held), '0'} end
  if is_rate(row) then return {text(minus(new.start, now)), text(new.held), text(new.excess)} end
  local window = window_at(row, claim.start)
  local later = row.old ~= nil and below(row.old.start, claim.start)
  if not same(window.start, claim.start) and (later or below(new.start, claim.start)) then
    return {'0', '0', '0'} -- its first call will open it
  end
  return {text(window.used), text(window.held), text(window.excess)}
end

-- Raise: the claim, with the amount that its window has used at least. Returns whether it was less.
local function raise()
  local claim = claim_at(0, 3)
  local row, key = row_of(claim.key, claim.others, claim.kind, claim.start, claim.till)
  local window = open_window(row, claim.start, claim.till)
  if not same(window.start, claim.start) or not below(window.used, claim.other) then return 0 end
  window.used = least(claim.other, MOST)
  changed[key] = key ~= claim.others
  save_changed()
  return 1
end
