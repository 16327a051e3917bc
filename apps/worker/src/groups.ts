/** The table of handlers, turned around: which consumer group reads which topics, and what it does with each type. */
import { type EventType, type MoplEvent, topicOf } from '@mopl/contracts/events'
import { deadLetterTopic } from '@mopl/contracts/topics'
import type { Deps } from './handlers/handler.ts'
import { handlers } from './handlers/index.ts'

/** A handler of any type of event: the table has made sure that it only gets events of its own. */
export type AnyHandler = { apply: (deps: Deps, events: readonly MoplEvent[], signal: AbortSignal) => Promise<void> }
export type Group = { name: string; topics: string[]; handlerOf: ReadonlyMap<EventType, AnyHandler> }

/** @throws {Error} when two handlers of one event share a consumer: a failure of one would repeat the other */
export function consumerGroups(): Group[] {
  const groups = new Map<string, { topics: Set<string>; handlerOf: Map<EventType, AnyHandler> }>()
  for (const [type, list] of Object.entries(handlers) as [EventType, readonly (AnyHandler & { consumer: string })[]][])
    for (const handler of list) {
      const group = groups.get(handler.consumer) ?? { topics: new Set(), handlerOf: new Map() }
      if (group.handlerOf.has(type)) throw new Error(`two handlers of ${type} in ${handler.consumer}`)
      group.topics.add(topicOf(type))
      group.handlerOf.set(type, handler)
      groups.set(handler.consumer, group)
    }
  return [...groups].map(([name, { topics, handlerOf }]) => ({ name, topics: [...topics], handlerOf }))
}

export function deadLetterTopics(groups: readonly Group[]): string[] {
  return groups.flatMap(({ name, topics }) => topics.map((topic) => deadLetterTopic(topic, name)))
}
