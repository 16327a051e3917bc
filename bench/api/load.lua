-- Run by wrk. Asks for what stands in the file named first, line by line and over again: method, path, token, content type,
-- body, between tabs. With a second argument, the milliseconds that a connection waits on average between two requests, the
-- requests arrive as those of many independent people do. Answers one line of JSON.

local requests, thinkMs = {}, nil

function init(args)
  for line in io.lines(args[1]) do
    local method, path, token, contentType, body = line:match('^(.-)\t(.-)\t(.-)\t(.-)\t(.*)$')
    local headers = { ['Content-Type'] = contentType ~= '' and contentType or nil }
    if token ~= '' then headers['Authorization'] = 'Bearer ' .. token end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= '' and body or nil)
  end
  if args[2] then
    thinkMs = tonumber(args[2])
    function delay() return math.floor(-thinkMs * math.log(1 - math.random()) + 0.5) end
  end
end

local next = 0

function request()
  next = next % #requests + 1
  return requests[next]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%f,"refused":%d,"broken":%d,"p50":%f,"p99":%f,"max":%f}\n',
    summary.requests, summary.duration / 1e6, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
