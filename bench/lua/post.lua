-- wrk script: POST one fixed body, print one line of JSON at the end.
-- The request is formatted once (no `request` function), so wrk stays as fast as without a script,
-- unless no two requests may be the same: then no cache has an answer.

local function read(path)
  local file = assert(io.open(path, "rb"))
  local content = file:read("*a")
  file:close()
  return content
end

wrk.method = "POST"
wrk.body = read(os.getenv("BENCH_BODY"))
wrk.headers["Content-Type"] = "application/json"
local token = os.getenv("BENCH_TOKEN")
if token and token ~= "" then
  wrk.headers["Authorization"] = "Bearer " .. token
end

if os.getenv("BENCH_CACHE") == "1" then
  wrk.headers["X-Penstock-Cache"] = "60"
end

if os.getenv("BENCH_DISTINCT") == "1" then
  local body, count = wrk.body, (os.time() % 65536) * 1048576
  function request()
    count = count + 1
    local other = body:gsub("The quick", string.format("%09x", count), 1)
    return wrk.format(nil, nil, nil, other)
  end
end

-- With a rate, all connections share one schedule: a free connection takes the next due time. It is
-- an open loop as long as one connection is free; calls that are late are made up for at once.
local rate = tonumber(os.getenv("BENCH_RATE") or "0")
if rate > 0 then
  local ffi = require("ffi")
  ffi.cdef([[
    typedef struct { long s; long ns; } bench_time;
    int clock_gettime(int clock, bench_time *now);
  ]])
  local clock_monotonic, now, due = 1, ffi.new("bench_time"), nil
  function delay()
    ffi.C.clock_gettime(clock_monotonic, now)
    local ms = tonumber(now.s) * 1000 + tonumber(now.ns) / 1000000
    due = (due or ms) + 1000 / rate
    return math.max(0, math.floor(due - ms))
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'BENCH {"requests":%d,"duration_us":%d,"received_bytes":%d,"failed":%d,"not_2xx":%d,' ..
    '"p50_us":%d,"p90_us":%d,"p99_us":%d,"p999_us":%d,"max_us":%d}\n',
    summary.requests, summary.duration, summary.bytes, e.connect + e.read + e.write + e.timeout,
    e.status, latency:percentile(50), latency:percentile(90), latency:percentile(99),
    latency:percentile(99.9), latency.max))
end
