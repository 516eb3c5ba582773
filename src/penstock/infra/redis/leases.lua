
-- The workers that use the counters, by the time at which each said last that it lives, and the
-- projects in which a worker may have open reservations. These operations have keys of their own.

-- Live: KEYS is the workers; ARGV is a worker and the length of a lease in milliseconds. Returns
-- whether the worker was new, and workers whose lease is over.
local function live()
  local new = redis.call('ZADD', KEYS[1], milliseconds(now), ARGV[3])
  redis.call('PEXPIRE', KEYS[1], LONGEST_MS)
  local over = milliseconds(now) - tonumber(ARGV[4])
  return {new, redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', over, 'LIMIT', 0, 8)}
end

-- Join: KEYS is the projects of a worker; ARGV is further ones.
local function join()
  for at = 3, #ARGV do redis.call('SADD', KEYS[1], ARGV[at]) end
  redis.call('PEXPIRE', KEYS[1], LONGEST_MS)
  return 1
end

local function some_projects()
  return redis.call('SRANDMEMBER', KEYS[1], 100)
end

local function some_reservations()
  return redis.call('HRANDFIELD', KEYS[1], 100, 'WITHVALUES')
end

local function leave()
  return redis.call('SREM', KEYS[1], ARGV[3])
end

-- End: KEYS is the workers and the projects of one, ARGV is that worker.
local function finish()
  redis.call('DEL', KEYS[2])
  return redis.call('ZREM', KEYS[1], ARGV[3])
end

local operations = {
  reserve = reserve,
  settle = settle,
  read = read,
  raise = raise,
  since = counted_since,
  live = live,
  join = join,
  some_projects = some_projects,
  some_reservations = some_reservations,
  leave = leave,
  finish = finish,
}
return operations[ARGV[1]]()
