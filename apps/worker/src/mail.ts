/** Sending mail: through an SMTP server, or, where none is configured, into files that a developer can open. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '@mopl/infrastructure/ids'
import type { Log } from '@mopl/infrastructure/log'
import { within } from '@mopl/infrastructure/within'
import nodemailer from 'nodemailer'

export type Message = { to: string; subject: string; text: string }

export type Mail = {
  /** Resolves when the server has taken the message over. Rejects otherwise; it may then have been sent all the same. */
  send(message: Message): Promise<void>
  close(): void
}

export type MailOptions = { smtpUrl: string | undefined; from: string; directory: string; log: Log }

/** Nothing was sent, and it is the server that is away, busy, or does not let us in, rather than the message wrong. */
export class MailUnavailable extends Error {
  override readonly name = 'MailUnavailable'
}

/** Together less than a database transaction may wait for (`idle_in_transaction_session_timeout`). */
const timeoutsMs = { verify: 3_000, send: 5_000 }

export function openMail({ smtpUrl, from, directory, log }: MailOptions): Mail {
  if (smtpUrl !== undefined) return mailToServer(from, smtpUrl)
  log.warn({ directory }, 'no SMTP_URL: mail is written to files')
  return mailToFiles(from, directory)
}

/**
 * Asks the server whether it would take a message before it sends one: what fails then has certainly not been sent, and
 * may be tried for ever. A failure of the sending itself is tried a few times only, since each may have arrived.
 */
function mailToServer(from: string, url: string): Mail {
  const transport = nodemailer.createTransport(
    {
      url,
      connectionTimeout: timeoutsMs.verify,
      greetingTimeout: timeoutsMs.verify,
      socketTimeout: timeoutsMs.send,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  )
  return {
    async send(message) {
      await within(transport.verify(), timeoutsMs.verify, 'the mail server is late').catch(unavailable)
      await within(transport.sendMail(addressed(message)), timeoutsMs.send, 'sending takes too long').catch(
        (error: unknown) => {
          if (isPutOff(error)) unavailable(error)
          // In words of our own: a connection that broke here must not pass for one to the database, which is tried for ever.
          throw new Error('sending failed', { cause: error })
        },
      )
    },
    close: () => transport.close(),
  }
}

function unavailable(cause: unknown): never {
  throw new MailUnavailable('the mail server takes no mail now', { cause })
}

/** A reply of 4yz: refused for now (RFC 5321 section 4.2.1). */
function isPutOff(error: unknown): boolean {
  if (!(error instanceof Error && 'responseCode' in error)) return false
  return typeof error.responseCode === 'number' && error.responseCode >= 400 && error.responseCode < 500
}

/** Files of the user alone: they hold passwords. */
function mailToFiles(from: string, directory: string): Mail {
  const composer = nodemailer.createTransport({ streamTransport: true, buffer: true }, { from })
  return {
    async send(message) {
      const { message: bytes } = await composer.sendMail(addressed(message))
      await mkdir(directory, { recursive: true })
      await writeFile(join(directory, `${newId()}.eml`), bytes, { mode: 0o600 })
    },
    close: () => composer.close(),
  }
}

/** One address, whatever characters it has: as a text it could be read as a list. */
function addressed({ to, ...message }: Message) {
  return { ...message, textEncoding: 'base64', to: { name: '', address: to } } as const
}
