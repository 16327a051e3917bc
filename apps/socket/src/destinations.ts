/** The destinations of the contract (section 3): what a name means, and what each kind of destination does. */
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import { AppError } from '@mopl/contracts/errors'
import type { UserSummary } from '@mopl/contracts/realtime'
import type { Subscriber } from './fan-out.ts'
import type { Headers } from './stomp/frame.ts'
import type { Subscription } from './stomp/subscription.ts'

/**
 * Who is signed in on a connection: one object for each. `requestId` names the connection in logs and in the events it
 * causes, and may have come from outside.
 */
export type Visitor = { claims: AccessTokenClaims; user: UserSummary; requestId: string }

export type Subscribe = (
  id: string,
  subscription: Subscription,
  subscriber: Subscriber,
  visitor: Visitor,
  headers: Headers,
) => Promise<void>
/** Headers that the RECEIPT has besides its own, if one was asked for: answers that concern nobody but the sender. */
export type ReceiptHeaders = Record<string, string>
export type Send = (id: string, body: string, visitor: Visitor, headers: Headers) => Promise<ReceiptHeaders | void>

export type SubscribeKind =
  | 'contents/watch'
  | 'contents/chat'
  | 'contents/playback'
  | 'conversations/direct-messages'
  | 'conversations/typing'
export type SendKind =
  | 'contents/chat'
  | 'contents/playback'
  | 'contents/clock'
  | 'conversations/direct-messages'
  | 'conversations/typing'

export type Destinations = { subscribe: Record<SubscribeKind, Subscribe>; send: Record<SendKind, Send> }

const pattern = /^\/(sub|pub)\/(contents|conversations)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/([a-z-]+)$/i

/** @throws {AppError} DESTINATION_NOT_FOUND for anything that cannot be subscribed to */
export function findSubscribe(destinations: Destinations, name: string): { id: string; subscribe: Subscribe } {
  const { direction, kind, id } = parse(name)
  if (direction !== 'sub' || !isKey(destinations.subscribe, kind)) throw new AppError('DESTINATION_NOT_FOUND')
  return { id, subscribe: destinations.subscribe[kind] }
}

/** @throws {AppError} DESTINATION_NOT_FOUND for anything that takes no messages, `/sub/**` above all */
export function findSend(destinations: Destinations, name: string): { id: string; send: Send } {
  const { direction, kind, id } = parse(name)
  if (direction !== 'pub' || !isKey(destinations.send, kind)) throw new AppError('DESTINATION_NOT_FOUND')
  return { id, send: destinations.send[kind] }
}

export function destinationOf(kind: SubscribeKind, id: string): string {
  return `/sub/${kind.replace('/', `/${id}/`)}`
}

function parse(name: string): { direction: string; kind: string; id: string } {
  const [, direction, subject, id, what] = pattern.exec(name) ?? []
  if (direction === undefined || subject === undefined || id === undefined || what === undefined)
    throw new AppError('DESTINATION_NOT_FOUND')
  return { direction, kind: `${subject}/${what}`, id: id.toLowerCase() }
}

function isKey<T extends object>(table: T, key: PropertyKey): key is keyof T {
  return Object.hasOwn(table, key)
}
