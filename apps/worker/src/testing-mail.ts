/** Test equipment: a real SMTP server on the loopback interface, and the mail it got. */
import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer } from 'smtp-server'

export type ReceivedMail = { to: string[]; head: string; text: string }
export type MailServer = {
  url: string
  received: ReceivedMail[]
  /** What the next messages are answered with instead of being taken: an SMTP reply code; `undefined` takes them. */
  refuseWith(code: number | undefined): void
  /** Messages that were refused. */
  refusals(): number
  /** Whether the connection breaks as soon as a message is in, before the reply. */
  breakOff(on: boolean): void
  close(): Promise<void>
}

export async function startMailServer(port = 0): Promise<MailServer> {
  const received: ReceivedMail[] = []
  let refusal: number | undefined
  let refusals = 0
  let breaksOff = false
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (refusal !== undefined) {
          refusals += 1
          return callback(Object.assign(new Error('not now'), { responseCode: refusal }))
        }
        const to = session.envelope.rcptTo.map(({ address }) => address)
        received.push({ to, ...parts(Buffer.concat(chunks).toString()) })
        if (breaksOff) for (const socket of sockets) socket.resetAndDestroy()
        callback()
      })
    },
  })
  const sockets = new Set<Socket>()
  server.server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const { port: ownPort } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${ownPort}`,
    received,
    refuseWith: (code) => void (refusal = code),
    refusals: () => refusals,
    breakOff: (on) => void (breaksOff = on),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** Of a message that is one text in base64. */
export function parts(raw: string): { head: string; text: string } {
  const [head = '', body = ''] = raw.split(/\r?\n\r?\n/, 2)
  return { head, text: Buffer.from(body, 'base64').toString() }
}

/** The password in a mail. */
export function passwordIn({ text }: { text: string }): string {
  const password = /^ {4}(\S+)\s*$/m.exec(text)?.[1]
  if (password === undefined) throw new Error(`no password in: ${text}`)
  return password
}
