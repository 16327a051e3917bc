/**
 * The same work as one would write it first: `ws`, STOMP inside SockJS, Redis pub/sub, and a loop over the subscribers
 * that encodes a MESSAGE for each. It checks nobody.
 */
import { Redis } from 'ioredis'
import { type WebSocket, WebSocketServer } from 'ws'

type Subscription = { socket: WebSocket; id: string; destination: string }

const channel = 'bench:ws'
const redis = new Redis(process.env['REDIS_URL'] ?? '')
const subscriber = new Redis(process.env['REDIS_URL'] ?? '')
const subscriptions = new Set<Subscription>()
let messages = 0

await subscriber.subscribe(channel)
subscriber.on('message', (_, line: string) => {
  const { destination, body } = JSON.parse(line) as { destination: string; body: string }
  messages += 1
  for (const { socket, id, destination: wanted } of subscriptions) {
    if (wanted === destination) {
      const about = {
        subscription: id,
        destination,
        'content-type': 'application/json',
        'message-id': `socket-0123456789ab-${messages}`,
      }
      send(socket, 'MESSAGE', about, body)
    }
  }
})

new WebSocketServer({ host: '127.0.0.1', port: Number(process.env['PORT']) }).on('connection', (socket) => {
  socket.send('o')
  socket.on('message', (data: Buffer) => {
    for (const frame of JSON.parse(data.toString()) as string[]) void onFrame(socket, frame)
  })
  socket.on('close', () => {
    for (const one of subscriptions) if (one.socket === socket) subscriptions.delete(one)
  })
})

async function onFrame(socket: WebSocket, frame: string): Promise<void> {
  const [head = '', body = ''] = frame.replace('\0', '').split('\n\n')
  const [command, ...lines] = head.split('\n')
  const headers = Object.fromEntries(lines.map((line) => line.split(':', 2) as [string, string]))
  const { id = '', destination = '', receipt } = headers
  if (command === 'CONNECT') send(socket, 'CONNECTED', { version: '1.2', 'heart-beat': '0,0' })
  if (command === 'SUBSCRIBE') subscriptions.add({ socket, id, destination })
  if (command === 'SEND') await redis.publish(channel, JSON.stringify(chatLine(destination, body)))
  if (receipt !== undefined) send(socket, 'RECEIPT', { 'receipt-id': receipt })
}

function chatLine(destination: string, body: string): { destination: string; body: string } {
  const { content } = JSON.parse(body) as { content: string }
  const sender = { userId: '01900000-0000-7001-8000-000000000001', name: 'Viewer 1000001' }
  return { destination: destination.replace('/pub/', '/sub/'), body: JSON.stringify({ sender, content }) }
}

function send(socket: WebSocket, command: string, headers: Record<string, string>, body = ''): void {
  const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)) })
  socket.send(
    `a${JSON.stringify([`${command}\n${lines.map(([name, value]) => `${name}:${value}\n`).join('')}\n${body}\0`])}`,
  )
}
