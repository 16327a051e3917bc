/** STOMP 1.2 over SockJS, as the web client speaks it. */
import type { CreateDialect, Reaction } from '../dialects.ts'
import type { Role } from '../protocol.ts'
import { contentId, conversationIdOf } from '../viewers.ts'
import { signTokens } from '../tokens.ts'

const chat = `/contents/${contentId}/chat`
const watch = `/contents/${contentId}/watch`
const directMessages = (viewer: number) => `/conversations/${conversationIdOf(viewer)}/direct-messages`

const subscriptions: Record<Role, ((viewer: number) => string) | undefined> = {
  chat: () => chat,
  watch: () => watch,
  inbox: directMessages,
  speak: undefined,
  write: undefined,
}

export const stomp: CreateDialect = async (options) => {
  const { role, heartBeatMs } = options
  const tokens = await signTokens(options)
  const subscription = subscriptions[role]
  const connect = (viewer: number) =>
    sockjs('CONNECT', {
      'accept-version': '1.2,1.1,1.0',
      'heart-beat': `${heartBeatMs},${heartBeatMs}`,
      Authorization: `Bearer ${tokens.get(viewer)}`,
    })

  function react(viewer: number, text: string): Reaction {
    if (text === 'o') return { say: [connect(viewer)] }
    if (text.startsWith('a["CONNECTED')) {
      if (subscription === undefined) return { entered: true }
      return { say: [sockjs('SUBSCRIBE', { id: 'sub-0', destination: `/sub${subscription(viewer)}`, receipt: 'in' })] }
    }
    if (text.includes('RECEIPT\\n')) return { entered: true }
    if (text.startsWith('a["ERROR') || text.startsWith('c[')) return { refused: text }
    return {}
  }

  return {
    request: (viewer) => ({ path: `/ws/${String(viewer % 1_000).padStart(3, '0')}/viewer${viewer}/websocket` }),
    react,
    line: (viewer, content) =>
      sockjs(
        'SEND',
        { destination: `/pub${role === 'write' ? directMessages(viewer) : chat}` },
        JSON.stringify({ content }),
      ),
    heartBeat: '["\\n"]',
  }
}

function sockjs(command: string, headers: Record<string, string>, body = ''): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`)
  return JSON.stringify([`${command}\n${lines.join('')}\n${body}\0`])
}
