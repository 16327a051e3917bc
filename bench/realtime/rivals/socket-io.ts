/** The same work as one would write it with Socket.IO and its Redis adapter. */
import { createAdapter } from '@socket.io/redis-adapter'
import { Redis } from 'ioredis'
import { Server } from 'socket.io'

const redisUrl = process.env['REDIS_URL'] ?? ''

const server = new Server(Number(process.env['PORT']), {
  transports: ['websocket'],
  serveClient: false,
  adapter: createAdapter(new Redis(redisUrl), new Redis(redisUrl)),
})

server.on('connection', (socket) => {
  socket.on('watch', async (entered: () => void) => {
    await socket.join('room')
    entered()
  })
  socket.on('line', (line: string) => server.to('room').emit('line', line))
})
