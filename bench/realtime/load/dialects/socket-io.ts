/** Engine.IO 4 over WebSocket with Socket.IO 5 packets in it, in the default namespace. */
import type { CreateDialect, Reaction } from '../dialects.ts'
import { moplMessage } from '../mopl-message.ts'

export const socketIo: CreateDialect = async ({ role }) => ({
  request: () => ({ path: '/socket.io/?EIO=4&transport=websocket' }),
  react: (_, text) => reactionTo(text, role === 'speak'),
  line: (viewer, content) => `42${JSON.stringify(['line', moplMessage(viewer, content)])}`,
  heartBeat: '3',
})

function reactionTo(text: string, onlySpeaks: boolean): Reaction {
  if (text.startsWith('0')) return { say: ['40'] }
  if (text.startsWith('40')) return onlySpeaks ? { entered: true } : { say: ['420["watch"]'] }
  if (text.startsWith('430')) return { entered: true }
  if (text === '2') return { say: ['3'] }
  return text.startsWith('44') || text === '1' ? { refused: text } : {}
}
