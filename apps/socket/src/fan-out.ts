/**
 * The hot path: one message to all local subscribers of a destination.
 *
 * A MESSAGE names the receiver's own subscription id, so that one buffer does not fit all. Clients number their
 * subscriptions alike (`sub-0`, `sub-1`, ...): subscribers whose bytes are equal form a group, a group is a native topic,
 * and a message is encoded once per group, whatever the number of subscribers.
 */
import { messagesFrame } from './sockjs/framing.ts'
import { messageHead, messageTail, type StompVersion } from './stomp/frame.ts'
import type { Framing, Transport } from './transport.ts'

/** `body` is JSON. The id is unique among all processes. */
export type Message = { id: string; body: string }

export type Subscriber = { transport: Transport; subscriptionId: string | undefined; version: StompVersion }

type Group = { topic: string; destination: string; key: string; framing: Framing; head: string; subscribers: number }

export type FanOutOptions = {
  publish: (topic: string, text: string) => void
  /** Unique among all processes: the first half of every message id. */
  nodeId: string
  onDelivered: (receivers: number) => void
}

export class FanOut {
  readonly #options: FanOutOptions
  readonly #destinations = new Map<string, Map<string, Group>>()
  #groups = 0
  #messages = 0

  constructor(options: FanOutOptions) {
    this.#options = options
  }

  /** Returns what takes the subscriber out again. */
  subscribe(destination: string, { transport, subscriptionId, version }: Subscriber): () => void {
    const group = this.#groupOf(destination, transport.framing, messageHead(subscriptionId, destination, version))
    group.subscribers += 1
    transport.join(group.topic)
    return () => this.#leave(group, transport)
  }

  countSubscribers(destination: string): number {
    let count = 0
    for (const { subscribers } of this.#destinations.get(destination)?.values() ?? []) count += subscribers
    return count
  }

  /** Sends `body` (JSON) to every local subscriber of the destination, with an id made here. */
  publish(destination: string, body: string): void {
    this.#messages += 1
    this.publishAll(destination, [{ id: `${this.#options.nodeId}-${this.#messages}`, body }])
  }

  /**
   * Sends messages that brought their ids. What is published in one turn of the process reaches a receiver in one write;
   * in SockJS framing the messages of one call also share a frame, which costs less than one for each.
   */
  publishAll(destination: string, messages: readonly Message[]): void {
    const groups = this.#destinations.get(destination)
    if (groups === undefined) return
    const rests = messages.map(({ id, body }) => id + messageTail(body))
    let quotedRests: string[] | undefined
    for (const { topic, framing, head, subscribers } of groups.values()) {
      if (framing === 'sockjs') {
        quotedRests ??= rests.map(quoted)
        this.#options.publish(topic, messagesFrame(quotedRests.map((rest) => `"${head}${rest}"`)))
      } else for (const rest of rests) this.#options.publish(topic, head + rest)
      this.#options.onDelivered(subscribers * messages.length)
    }
  }

  /** Sends to one subscriber alone, whether it is subscribed already or not. */
  send(destination: string, { transport, subscriptionId, version }: Subscriber, messages: readonly Message[]): void {
    const head = messageHead(subscriptionId, destination, version)
    for (const { id, body } of messages) transport.send(head + id + messageTail(body))
    this.#options.onDelivered(messages.length)
  }

  #groupOf(destination: string, framing: Framing, plainHead: string): Group {
    const groups = this.#destinations.get(destination) ?? new Map<string, Group>()
    this.#destinations.set(destination, groups)
    const key = framing + plainHead
    const known = groups.get(key)
    if (known !== undefined) return known
    this.#groups += 1
    const topic = `group/${this.#groups}`
    // Kept the way it stands in the frame, so that only the rest is quoted per message.
    const head = framing === 'sockjs' ? quoted(plainHead) : plainHead
    const group = { topic, destination, key, framing, head, subscribers: 0 }
    groups.set(key, group)
    return group
  }

  #leave(group: Group, transport: Transport): void {
    transport.leave(group.topic)
    group.subscribers -= 1
    if (group.subscribers > 0) return
    const groups = this.#destinations.get(group.destination)
    groups?.delete(group.key)
    if (groups?.size === 0) this.#destinations.delete(group.destination)
  }
}

/** The inside of a JSON string. Quoting is per character, so that quoted parts may be joined. */
function quoted(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}
