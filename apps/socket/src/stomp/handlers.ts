/** What each client command does. STOMP 1.2, "Client Frames". */
import { AppError } from '@mopl/contracts/errors'
import { findSend, findSubscribe, type ReceiptHeaders, type Visitor } from '../destinations.ts'
import { overLimit } from '../trust/limits.ts'
import { type Headers, type StompVersion, stompVersions } from './frame.ts'
import { agreedBeatMs, offeredBeatMs } from './heart-beat.ts'
import type { StompSession } from './session.ts'
import { Subscription } from './subscription.ts'

/** What it returns stands in the RECEIPT. */
export type CommandHandler = (
  session: StompSession,
  headers: Headers,
  body: string,
) => Promise<ReceiptHeaders | void> | void
export type CommandHandlers = Record<string, CommandHandler>

const ackModes = new Set(['auto', 'client', 'client-individual'])

/** A command that is not here is not supported: transactions above all. */
export const handlers: CommandHandlers = {
  CONNECT: connect,
  STOMP: connect,
  SUBSCRIBE: subscribe,
  UNSUBSCRIBE: unsubscribe,
  SEND: async (session, headers, body) => {
    if (headers.has('transaction')) throw new AppError('INVALID_REQUEST', { transaction: '지원하지 않습니다.' })
    const { id, send } = findSend(session.services.destinations, required(headers, 'destination'))
    return send(id, body, visitorOf(session), headers)
  },
  // Every ack mode is accepted and none changes anything: what was delivered is not delivered again.
  ACK: () => undefined,
  NACK: () => undefined,
  DISCONNECT: () => undefined,
}

async function connect(session: StompSession, headers: Headers): Promise<void> {
  const { services, transport, requestId } = session
  const { signedIn } = services
  session.version = negotiate(headers.get('accept-version'))
  const beatMs = agreedBeatMs(headers.get('heart-beat'))
  const claims = await services.readBearer(authorization(headers))
  // First on the list, then checked: a session that is ended in between is ended here too.
  const entry = signedIn.add(claims, session)
  session.enlisted(entry)
  await signedIn.check(entry)
  const user = await services.users.get(claims.sub, claims)
  if (session.over) return
  session.signedIn({ claims, user, requestId })
  session.send('CONNECTED', {
    version: session.version,
    'heart-beat': `${offeredBeatMs.send},${offeredBeatMs.receive}`,
    session: requestId,
    server: services.serverName,
  })
  if (beatMs > 0) session.beatWith(services.heartBeats.join(transport.framing, beatMs))
}

async function subscribe(session: StompSession, headers: Headers): Promise<void> {
  const { services, transport, version } = session
  const destination = required(headers, 'destination')
  const subscriptionId = headers.get('id')
  const key = subscriptionKey(version, subscriptionId, destination)
  if (session.hasSubscription(key)) throw new AppError('INVALID_REQUEST', { id: '이미 사용 중입니다.' })
  if (session.subscriptions.length >= services.limits.MAX_SUBSCRIPTIONS)
    throw overLimit(services.metrics, 'subscriptions')
  if (!ackModes.has(headers.get('ack') ?? 'auto'))
    throw new AppError('INVALID_REQUEST', { ack: '다음 중 하나여야 합니다: auto, client, client-individual' })
  const { id, subscribe } = findSubscribe(services.destinations, destination)
  const subscription = new Subscription(key)
  // On the list before anything is opened: should the connection be lost meanwhile, all of it is closed again.
  session.addSubscription(subscription)
  await subscribe(id, subscription, { transport, subscriptionId, version }, visitorOf(session), headers)
}

/** Unknown ids are ignored: the subscription is not there, which is what was asked for. */
async function unsubscribe(session: StompSession, headers: Headers): Promise<void> {
  const key = subscriptionKey(session.version, headers.get('id'), headers.get('destination') ?? '')
  // Waited for: the id may be used again by the next frame.
  await session.endSubscription(key, 'left')
}

/** The best version both know; a client that names none speaks 1.0. */
function negotiate(acceptVersion = '1.0'): StompVersion {
  const accepted = new Set(acceptVersion.split(',').map((version) => version.trim()))
  const version = stompVersions.find((ours) => accepted.has(ours))
  if (version === undefined)
    throw new AppError('INVALID_REQUEST', {
      'accept-version': `다음 중 하나를 포함해야 합니다: ${stompVersions.join(', ')}`,
    })
  return version
}

/** Only 1.0 allows a subscription without an id, which is then known by its destination. */
function subscriptionKey(version: StompVersion, id: string | undefined, destination: string): string {
  if (id !== undefined) return `id:${id}`
  if (version === '1.0') return `destination:${destination}`
  throw new AppError('INVALID_REQUEST', { id: '필수 값입니다.' })
}

/** Clients write the header's name as they would in HTTP, where case does not matter. */
function authorization(headers: Headers): string | undefined {
  for (const [name, value] of headers) if (name.toLowerCase() === 'authorization') return value
  return undefined
}

function required(headers: Headers, name: string): string {
  const value = headers.get(name)
  if (value === undefined) throw new AppError('INVALID_REQUEST', { [name]: '필수 값입니다.' })
  return value
}

function visitorOf({ visitor }: StompSession): Visitor {
  if (visitor === undefined) throw new AppError('UNAUTHENTICATED')
  return visitor
}
