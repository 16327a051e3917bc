/** A stream of server-sent events: one request, and whatever comes back. */
import type { CreateDialect } from '../dialects.ts'
import { signTokens } from '../tokens.ts'

export const eventStream: CreateDialect = async (options) => {
  const tokens = await signTokens(options)
  return {
    request: (viewer) => ({
      path: '/api/sse',
      headers: { Accept: 'text/event-stream', Authorization: `Bearer ${tokens.get(viewer)}` },
    }),
    react: () => ({}),
    line: () => {
      throw new Error('an event stream carries nothing from the client')
    },
    heartBeat: '',
  }
}
