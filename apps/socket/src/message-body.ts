/** What clients write: JSON, and in chat lines and direct messages alike `{ content }`. */
import { AppError } from '@mopl/contracts/errors'
import { limits } from '@mopl/contracts/scalars'
import * as v from 'valibot'

const Content = v.pipe(
  v.string('문자열이어야 합니다.'),
  v.check((text) => text.trim() !== '', '비어 있을 수 없습니다.'),
  v.check((text) => Array.from(text).length <= limits.message.max, `${limits.message.max}자 이하여야 합니다.`),
  // PostgreSQL cannot store it (22021), and a message must never fail after it was accepted.
  v.check((text) => !text.includes('\0'), 'NUL 문자를 포함할 수 없습니다.'),
  // Half a surrogate pair would be stored, and read, as another character.
  v.check((text) => text.isWellFormed(), '올바른 유니코드여야 합니다.'),
)
const MessageBody = v.object({ content: Content }, '객체여야 합니다.')

/** @throws {AppError} as `readBody` does */
export function readContent(body: string): string {
  return readBody(MessageBody, body).content
}

/** @throws {AppError} MALFORMED_JSON, or INVALID_REQUEST naming the rule, never the value: the schema's messages must not either */
export function readBody<S extends v.GenericSchema>(schema: S, body: string): v.InferOutput<S> {
  const parsed = v.safeParse(schema, parseJson(body))
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  throw new AppError('INVALID_REQUEST', {
    [v.getDotPath(issue) ?? 'body']: missing(issue) ? '필수 값입니다.' : issue.message,
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
