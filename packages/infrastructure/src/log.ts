/** pino, JSON, one line per request or message on stdout. The message is a constant, facts are fields. */
import pino, { type Logger } from 'pino'
import { loggedError } from './log-errors.ts'

export type Log = Logger

/** Fields that carry secrets wherever they turn up; their values never reach a line. */
const secretFields = ['password', 'accessToken', 'refreshToken', 'authorization', 'cookie', 'token']

export function createLog(app: string, level: string): Log {
  const options = {
    level,
    base: { app },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: (error: unknown) => loggedError(error) },
    redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
  }
  return pino(options, stdout())
}

/**
 * Lines are written many at a time, and none later than after `flushAfterMs`: a system call for each is a twelfth of what a
 * request costs the api. What is still here when the process ends, however it ends itself, is written then.
 */
function stdout(): pino.DestinationStream {
  theStdout ??= openStdout()
  return theStdout
}

/** One for the process, as there is one standard output. */
let theStdout: pino.DestinationStream | undefined

function openStdout(): pino.DestinationStream {
  const destination = pino.destination({ fd: 1, sync: true })
  // Joined here: the destination counts the bytes of each text that it is given.
  let waiting = ''
  let timer: NodeJS.Timeout | undefined
  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (waiting !== '') destination.write(waiting)
    waiting = ''
  }
  process.on('exit', () => {
    try {
      flush()
      destination.flushSync()
    } catch {
      // Nobody reads standard output any more, and there is nowhere else to say so.
    }
  })
  return {
    write(line) {
      waiting += line
      if (waiting.length > flushAtLength) flush()
      // Only while something waits: a process that has nothing to say sleeps on.
      else timer ??= setTimeout(flush, flushAfterMs).unref()
    },
  }
}

const flushAtLength = 8 * 1024
const flushAfterMs = 50
