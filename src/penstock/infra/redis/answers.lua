-- Cached answers of one project, and the locks of idempotency keys.
--
-- KEYS: an answer or a lock; to keep an answer also the index of all answers by the time at which
-- they expire, and their sizes: a hash by key, with the sum under `all`.
-- ARGV: operation, and what it says.

local ENTRY_BYTES = 512 -- that Redis needs for an answer beside its content
local LONGEST_MS = 2764800000 -- 32 days: longer than any answer is kept
local MAX_REMOVED = 1000 -- of one operation

local function read()
  return redis.call('GET', KEYS[1])
end

local function remove(key)
  local size = redis.call('HGET', KEYS[3], key)
  if size then redis.call('HINCRBY', KEYS[3], 'all', -size) end
  redis.call('HDEL', KEYS[3], key)
  redis.call('ZREM', KEYS[2], key)
  redis.call('DEL', key)
end

local function total()
  return tonumber(redis.call('HGET', KEYS[3], 'all') or '0')
end

-- Keep: ARGV is the content, the time at which it expires in milliseconds, and the limit of all.
-- What expires first is removed to make space. Returns whether the answer is kept.
local function keep()
  local content, expires, most = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
  local size = #content + ENTRY_BYTES
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000
  if size > most or expires <= now then return 0 end
  remove(KEYS[1])
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 100)) do
    remove(key)
  end
  local removed = 0
  while total() + size > most do
    local first = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
    if not first or removed >= MAX_REMOVED then return 0 end
    remove(first)
    removed = removed + 1
  end
  redis.call('SET', KEYS[1], content, 'PX', math.min(expires - now, LONGEST_MS))
  redis.call('ZADD', KEYS[2], expires, KEYS[1])
  redis.call('HSET', KEYS[3], KEYS[1], size)
  redis.call('HINCRBY', KEYS[3], 'all', size)
  redis.call('PEXPIRE', KEYS[2], LONGEST_MS)
  redis.call('PEXPIRE', KEYS[3], LONGEST_MS)
  return 1
end

-- Lock: ARGV is who locks, and for how many milliseconds. Returns whether the lock is held now.
local function lock()
  if redis.call('GET', KEYS[1]) == ARGV[2] then return 1 end
  return redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3], 'NX') and 1 or 0
end

local function renew()
  if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
  return redis.call('PEXPIRE', KEYS[1], ARGV[3])
end

local function unlock()
  if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
  return redis.call('DEL', KEYS[1])
end

local operations = {read = read, keep = keep, lock = lock, renew = renew, unlock = unlock}
return operations[ARGV[1]]()
