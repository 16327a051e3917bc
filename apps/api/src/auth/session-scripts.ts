/**
 * The state of a session in Redis: `auth:session:{userId}` holds the session id in force, `rt:{userId}:deviceId` the
 * refresh token of the device that signed in. Every change of both is one script, so that of two racing requests the
 * second sees what the first has done. All keys of one user share a hash tag.
 */

/** KEYS: session, token. ARGV: session id, hash of the secret, lifetime in seconds, channel, announcement. */
export const beginScript = `
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
redis.call('HSET', KEYS[2], 'sessionId', ARGV[1], 'current', ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[3])
redis.call('PUBLISH', ARGV[4], ARGV[5])
`

/**
 * KEYS: session, token. ARGV: hash of the secret shown, hash of its successor, lifetime in seconds, how long a retry is
 * answered in milliseconds, channel, announcement. Answers the session id, or nothing when the token is void.
 */
export const rotateScript = `
local token = redis.call('HMGET', KEYS[2], 'sessionId', 'current', 'previous', 'rotatedAt')
local sessionId, current, previous, rotatedAt = token[1], token[2], token[3], token[4]
if not sessionId then return false end
if redis.call('GET', KEYS[1]) ~= sessionId then
  redis.call('DEL', KEYS[2])
  return false
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if current == ARGV[1] then
  redis.call('HSET', KEYS[2], 'current', ARGV[2], 'previous', ARGV[1], 'rotatedAt', now)
  redis.call('EXPIRE', KEYS[2], ARGV[3])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  return sessionId
end
if previous == ARGV[1] and now - rotatedAt < tonumber(ARGV[4]) then return sessionId end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('PUBLISH', ARGV[5], ARGV[6])
return false
`

/** KEYS: session, token. ARGV: hash of the secret shown, channel, announcement. Ends the session the token belongs to. */
export const endByTokenScript = `
local token = redis.call('HMGET', KEYS[2], 'sessionId', 'current', 'previous')
if token[2] ~= ARGV[1] and token[3] ~= ARGV[1] then return end
redis.call('DEL', KEYS[2])
if redis.call('GET', KEYS[1]) ~= token[1] then return end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
`

/** KEYS: session. ARGV: session id, channel, announcement. Ends that session if it is the one in force. */
export const endOneScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
`

/** KEYS: session. ARGV: session id to keep or '', channel, announcement. */
export const endOthersScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then redis.call('DEL', KEYS[1]) end
redis.call('PUBLISH', ARGV[2], ARGV[3])
`
