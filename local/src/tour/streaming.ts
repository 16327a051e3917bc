/** Journey 4: server-sent events through the gateway. */
import type { Visitor } from './accounts.ts'
import { EventStream } from './event-stream.ts'
import type { Guide } from './guide.ts'

/** Clients give up after 45 s of silence; the contract promises a sign of life every 15 s. */
const beatTimeoutMs = 16_000

export async function walkStreaming(guide: Guide, visitor: Visitor): Promise<void> {
  guide.journey('4. Server-sent events')
  const stream = await guide.step('the stream opens', () =>
    EventStream.open(visitor.rest.baseUrl, visitor.rest.accessToken ?? ''),
  )
  await guide.step('it beats within 15 s', () => stream.beat(beatTimeoutMs))
  stream.close()
}
