/** What Kafka was told of who watches: each session that starts, starts once and ends once. */
import { parseEvent } from '@mopl/contracts/events'
import type { ProbeConsumer } from '@mopl/infrastructure/testing-kafka'

export type Ledger = {
  /** Sessions of which not all is told, given those that are in force: why, and which. */
  gaps(live: ReadonlySet<string>): string[]
  /** What the latest event says of each content's watchers. */
  counts(): Map<string, number>
}

type Kind = 'started' | 'ended'

/** Reads what has come so far. The same event may come twice; two events of one kind about one session may not. */
export function readLedger({ messages }: ProbeConsumer): Ledger {
  const ids = { started: new Map<string, string>(), ended: new Map<string, string>() }
  const latest = new Map<string, { revision: number; watcherCount: number }>()
  const doubled: string[] = []
  for (const { value } of messages) {
    const parsed = parseEvent(value)
    if (!parsed.known || !parsed.event.type.startsWith('watching-session.')) continue
    const { eventId, type, key, payload } = parsed.event
    if (!('watchingSessionId' in payload)) continue
    const { watchingSessionId, revision = 0, watcherCount } = payload
    const kind: Kind = type === 'watching-session.started' ? 'started' : 'ended'
    if ((ids[kind].get(watchingSessionId) ?? eventId) !== eventId) doubled.push(`${kind} twice: ${watchingSessionId}`)
    ids[kind].set(watchingSessionId, eventId)
    if (revision >= (latest.get(key)?.revision ?? 0)) latest.set(key, { revision, watcherCount })
  }
  const missing = (kind: Kind, sessions: Iterable<string>) =>
    [...sessions].flatMap((session) => (ids[kind].has(session) ? [] : `not ${kind}: ${session}`))
  return {
    gaps: (live) => [
      ...doubled,
      ...missing('started', new Set([...live, ...ids.ended.keys()])),
      ...missing('ended', new Set([...ids.started.keys()].filter((session) => !live.has(session)))),
    ],
    counts: () => new Map([...latest].map(([contentId, { watcherCount }]) => [contentId, watcherCount])),
  }
}
