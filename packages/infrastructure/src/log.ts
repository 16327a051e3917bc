/** pino, JSON, one line per request or message on stdout. The message is a constant, facts are fields. */
import pino, { type Logger } from 'pino'
import { loggedError } from './log-errors.ts'

export type Log = Logger

/** Fields that carry secrets wherever they turn up; their values never reach a line. */
const secretFields = ['password', 'accessToken', 'refreshToken', 'authorization', 'cookie', 'token']

export function createLog(app: string, level: string): Log {
  return pino({
    level,
    base: { app },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: (error: unknown) => loggedError(error) },
    redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
  })
}
