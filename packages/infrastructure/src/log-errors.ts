/**
 * An error as it stands in a log line: what kind, where, and why, and nothing that hangs on it. drizzle's message quotes the
 * parameters of a statement and PostgreSQL's `detail` the row that it refused; either may be a password's hash.
 */
import { DrizzleQueryError } from 'drizzle-orm'

export type LoggedError = {
  type: string
  message: string
  stack?: string
  code?: string
  constraint?: string
  /** The statement, its parameters as placeholders. */
  query?: string
  cause?: LoggedError
}

const deepest = 5

export function loggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'something that is no Error was thrown' }
  if (error instanceof DrizzleQueryError) return { ...loggedError(error.cause, depth), query: error.query }
  const { name, message, stack, cause } = error
  return {
    type: name,
    message,
    ...(stack !== undefined && { stack }),
    ...textOf(error, 'code'),
    ...textOf(error, 'constraint'),
    ...(cause !== undefined && depth < deepest && { cause: loggedError(cause, depth + 1) }),
  }
}

function textOf<K extends string>(error: Error, key: K): Partial<Record<K, string>> {
  const value: unknown = Object.entries(error).find(([name]) => name === key)?.[1]
  return typeof value === 'string' ? ({ [key]: value } as Partial<Record<K, string>>) : {}
}
