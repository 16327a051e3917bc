/**
 * Lua shared by the scripts that touch a room's playback. The state is a hash beside the room, with the clock of Redis,
 * the one clock that all instances share. `version` is that clock too, at least one more than before: it goes on rising
 * when the room, and the state with it, was forgotten in between.
 */
export const playbackLua = `
local longestMs = 86400000

local function clockMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function readPlayback(key, room, since)
  local state = {version = 0, action = 'none', playing = 0, position = 0, rate = '1', at = clockMs(), control = 'everyone', by = ''}
  local fields = redis.call('HGETALL', key)
  for at = 1, #fields, 2 do state[fields[at]] = fields[at + 1] end
  if not state.host or redis.call('HEXISTS', room, state.host) == 0 then
    local first = redis.call('ZRANGE', since, 0, 0)[1] or ''
    state.host = string.match(first, ':(.*)') or ''
  end
  return state
end

local function describePlayback(state)
  local function id(text) return text == '' and 'null' or '"' .. text .. '"' end
  return string.format(
    '{"version":%d,"action":"%s","isPlaying":%s,"positionMs":%d,"rate":%s,"at":%d,"control":"%s","host":%s,"by":%s}',
    state.version, state.action, tonumber(state.playing) == 1 and 'true' or 'false', state.position, state.rate, state.at,
    state.control, id(state.host), id(state.by))
end

local function writePlayback(key, channel, mark, state)
  state.version = math.max(clockMs(), state.version + 1)
  local fields = {}
  for name, value in pairs(state) do
    fields[#fields + 1] = name
    fields[#fields + 1] = type(value) == 'number' and string.format('%d', value) or value
  end
  redis.call('HSET', key, unpack(fields))
  local id = string.format('%d-%s', state.version, mark)
  redis.call('SPUBLISH', channel, 'PLAYBACK 0\\n' .. id .. ' ' .. describePlayback(state))
end
`
