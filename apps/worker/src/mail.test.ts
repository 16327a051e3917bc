import { afterAll, expect, test } from 'bun:test'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { failureOf, freePort } from '@mopl/infrastructure/testing'
import pino from 'pino'
import { MailUnavailable, openMail } from './mail.ts'
import { parts, startMailServer } from './testing-mail.ts'

const directory = await mkdtemp(join(tmpdir(), 'mopl-mail-'))
afterAll(() => rm(directory, { recursive: true }))
const from = '모플 <mopl@mopl.test>'
const log = pino({ level: 'silent' })
const message = { to: 'someone@mopl.test', subject: '제목', text: '본문\n\n    abc' }

test('without a server a mail is a file that only its owner reads', async () => {
  const mail = openMail({ smtpUrl: undefined, from, directory: join(directory, 'new'), log })
  await mail.send(message)
  const [name, ...others] = await readdir(join(directory, 'new'))
  expect(others).toEqual([])
  const path = join(directory, 'new', name!)
  expect(path).toEndWith('.eml')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  const { head, text } = parts(await readFile(path, 'utf8'))
  expect(head).toContain('To: someone@mopl.test')
  expect(text.trimEnd()).toBe(message.text)
})

test('an address goes to one mailbox, whatever it looks like', async () => {
  const server = await startMailServer()
  const mail = openMail({ smtpUrl: server.url, from, directory, log })
  await mail.send({ ...message, to: '"a,b"@mopl.test' })
  expect(server.received.map(({ to }) => to)).toEqual([['"a,b"@mopl.test']])
  mail.close()
  await server.close()
})

test('a server that is away or says nothing is unavailable, and soon known to be', async () => {
  const silent = createServer()
  const port = await freePort()
  await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
  for (const smtpUrl of [`smtp://127.0.0.1:${await freePort()}`, `smtp://127.0.0.1:${port}`]) {
    const mail = openMail({ smtpUrl, from, directory, log })
    const startedAt = performance.now()
    expect(await failureOf(mail.send(message))).toBeInstanceOf(MailUnavailable)
    expect(performance.now() - startedAt).toBeLessThan(4_000)
    mail.close()
  }
  await new Promise((resolve) => silent.close(resolve))
})
