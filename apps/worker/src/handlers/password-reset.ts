/**
 * A forgotten password: the temporary one is made here, kept as a hash, and sent by mail (contract section 5, rule 3).
 *
 * The mail goes out before the commit. When the server does not take it, nothing was changed and the event is tried again.
 * When the process ends between the two, or the commit fails, the mail that was sent holds a password that never became
 * valid, and the next try sends another that does. After the commit the event is done: a second delivery sends nothing, so
 * that no password in use is ever replaced. Whatever happens, the last mail is the right one.
 */
import { randomInt } from 'node:crypto'
import type { MoplEvent } from '@mopl/contracts/events'
import { processedEvents, users } from '@mopl/infrastructure/tables'
import { hash } from '@node-rs/argon2'
import { eq, sql } from 'drizzle-orm'
import type { Message } from '../mail.ts'
import type { Deps, Handler } from './handler.ts'

const consumer = 'mopl-password-resets'
const validMinutes = 3
/** Whoever asked longer ago has given up or asked again, and does not expect a valid password in the mail any more. */
const staleAfterMs = 10 * 60 * 1_000

/** The api's parameters; both sides write the same PHC string. */
const argon2id = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export const passwordReset: Handler<'user.password-reset-requested'> = {
  consumer,
  /** One by one: each is its own mail and its own transaction. */
  async apply(deps, events) {
    for (const event of events)
      if (Date.now() - Date.parse(event.occurredAt) < staleAfterMs) await sendTemporaryPassword(deps, event)
  },
}

async function sendTemporaryPassword(
  { db, mail }: Deps,
  { eventId, payload }: MoplEvent<'user.password-reset-requested'>,
): Promise<void> {
  await db.transaction(async (tx) => {
    const { rowCount } = await tx.insert(processedEvents).values({ consumer, eventId }).onConflictDoNothing()
    if (rowCount === 0) return
    const [user] = await tx.select().from(users).where(eq(users.id, payload.userId))
    if (user === undefined) return
    const password = temporaryPassword()
    const temporaryPasswordHash = await hash(password, argon2id)
    await mail.send(letter(user.email, user.name, password))
    // The row is locked only now, after everything slow.
    const temporaryPasswordExpiresAt = sql`clock_timestamp() + make_interval(mins => ${validMinutes})`
    await tx.update(users).set({ temporaryPasswordHash, temporaryPasswordExpiresAt }).where(eq(users.id, user.id))
  })
}

/** Without characters that look alike; 12 of 56 are 69 bits. */
const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789'
const passwordLength = 12

function temporaryPassword(): string {
  return Array.from({ length: passwordLength }, () => alphabet[randomInt(alphabet.length)]).join('')
}

function letter(to: string, name: string, password: string): Message {
  return {
    to,
    subject: '[모플] 임시 비밀번호 안내',
    text: [
      `${name}님, 안녕하세요.`,
      `요청하신 임시 비밀번호는 다음과 같습니다.\n\n    ${password}`,
      `${validMinutes}분 동안 이 비밀번호로 로그인할 수 있습니다. 로그인한 뒤 바로 비밀번호를 변경해 주세요.`,
      '요청하신 적이 없다면 이 메일을 무시하셔도 됩니다. 기존 비밀번호는 그대로입니다.',
    ].join('\n\n'),
  }
}
