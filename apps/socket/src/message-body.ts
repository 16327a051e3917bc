/** What clients write: `{ content }`, in chat lines and direct messages alike. */
import { AppError } from '@mopl/contracts/errors'
import { limits } from '@mopl/contracts/scalars'
import * as v from 'valibot'

const Content = v.pipe(
  v.string('must be text'),
  v.check((text) => text.trim() !== '', 'must not be blank'),
  v.check(
    (text) => Array.from(text).length <= limits.message.max,
    `must have at most ${limits.message.max} characters`,
  ),
  // PostgreSQL cannot store it (22021), and a message must never fail after it was accepted.
  v.check((text) => !text.includes('\0'), 'must not contain NUL'),
)
const MessageBody = v.object({ content: Content }, 'must be an object')

/** @throws {AppError} MALFORMED_JSON, or INVALID_REQUEST naming the rule, never the value */
export function readContent(body: string): string {
  const parsed = v.safeParse(MessageBody, parseJson(body))
  if (parsed.success) return parsed.output.content
  const [issue] = parsed.issues
  throw new AppError('INVALID_REQUEST', {
    [v.getDotPath(issue) ?? 'body']: missing(issue) ? 'is required' : issue.message,
  })
}

function missing(issue: v.BaseIssue<unknown>): boolean {
  return issue.input === undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('MALFORMED_JSON', {}, undefined, { cause })
  }
}
