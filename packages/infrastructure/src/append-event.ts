/**
 * Appends to a user's event stream and announces the entry, in one step: nobody reads what was not announced, or the other
 * way round. Nothing is appended where there is no stream: its user is not connected, and was not just now.
 *
 * The announcement is `<id of the entry before> <id> <event> <data>`. Whoever has the one before has the next by it, and
 * need not read; whoever has not, because an announcement was lost, reads the stream.
 *
 * KEYS: the stream. ARGV: its channel, event, data, longest length, '1' to append nothing where the data is there already.
 * Returns the id of the entry, if there is one.
 */
export const appendEventScript = `
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not last then return nil end
if ARGV[5] == '1' then
  for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do
    if entry[2][4] == ARGV[3] then return nil end
  end
end
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'event', ARGV[2], 'data', ARGV[3])
redis.call('SPUBLISH', ARGV[1], last[1] .. ' ' .. id .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return id`
