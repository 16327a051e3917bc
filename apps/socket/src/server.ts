/** Puts the parts of the socket app together, and takes them apart again in an order that loses nothing. */
import type { AccessTokens } from '@mopl/infrastructure/access-tokens'
import type { Health } from '@mopl/infrastructure/health'
import type { Producer } from '@mopl/infrastructure/kafka'
import type { Log } from '@mopl/infrastructure/log'
import type { Resources } from '@mopl/infrastructure/resources'
import type { SessionRegistry } from '@mopl/infrastructure/sessions'
import type { Redis } from 'ioredis'
import type { Registry } from 'prom-client'
import uWS from 'uWebSockets.js'
import { createApiClient } from './api-client.ts'
import { readBearer } from './bearer.ts'
import { Channels } from './channels.ts'
import { commonRoutes } from './common-routes.ts'
import { destinationOf } from './destinations.ts'
import { Conversations } from './direct-messages/conversations.ts'
import { directMessageDestinations } from './direct-messages/direct-message-destinations.ts'
import { closeConversation, withoutOpenPrefix } from './direct-messages/open-conversation.ts'
import { typingDestinations } from './direct-messages/typing-destinations.ts'
import { EventStreams } from './event-stream/event-streams.ts'
import { eventStreamRoutes } from './event-stream/routes.ts'
import { FanOut } from './fan-out.ts'
import { listen } from './listen.ts'
import { createLookups } from './lookups.ts'
import { createSocketMetrics } from './metrics.ts'
import { createOrigins } from './origins.ts'
import { LocalTopics } from './local-topics.ts'
import { keepAlive } from './presence/keep-alive.ts'
import { Node } from './presence/node.ts'
import { Presence } from './presence/presence.ts'
import type { Withdraw } from './presence/reaper.ts'
import { createPublisher } from './publisher.ts'
import { closeRoomsHere, hearOfDeletions } from './rooms/deleted-content.ts'
import { playbackDestinations } from './rooms/playback-destinations.ts'
import { roomDestinations } from './rooms/room-destinations.ts'
import { Rooms } from './rooms/rooms.ts'
import { reapWatching } from './rooms/watching.ts'
import { Allowances } from './trust/allowances.ts'
import { SignedIn } from './signed-in.ts'
import { restartAll } from './restart.ts'
import { sockJsHttpRoutes } from './sockjs/http-routes.ts'
import { HttpSessions } from './sockjs/http-sessions.ts'
import { sockJsRoutes } from './sockjs/routes.ts'
import { HeartBeats } from './stomp/heart-beat.ts'
import type { Services } from './stomp/services.ts'
import { createAdmission } from './trust/admission.ts'
import type { LimitsEnv } from './trust/limits.ts'
import { webSockets } from './web-socket.ts'
import { within } from './within.ts'

/** Clients come back somewhere else meanwhile; the grace of the last one runs out after it. */
const restartSpreadMs = 2_000
const untilEmptyMs = 5_000

export type SocketServerDeps = {
  resources: Resources
  redis: Redis
  subscriber: Redis
  producer: Producer
  registry: Registry
  health: Health
  log: Log
  sessions: SessionRegistry
  accessTokens: AccessTokens
  apiUrl: string
  allowedOrigins: readonly string[]
  nodeName: string
  limits: LimitsEnv
  /** Between SockJS' heart-beats, in milliseconds. */
  sockJsBeatMs: number
  host: string
  port: number
}

/**
 * Everything it opens is registered in `resources`: what is closed last stands first.
 *
 * @throws {Error} when Redis is away or the port is in use
 */
export async function openSocketServer(deps: SocketServerDeps): Promise<void> {
  const { resources, redis, subscriber, producer, registry, health, log, sessions, accessTokens, limits } = deps
  const app = uWS.App()
  resources.defer('sockets', () => void app.close())
  const topics = new LocalTopics()
  const publish = (topic: string, text: string) => {
    app.publish(topic, text)
    topics.publish(topic, text)
  }

  const metrics = createSocketMetrics(registry, { rooms: () => rooms.size, waitingEvents: () => publisher.waiting })
  const origins = createOrigins(deps.allowedOrigins)
  const api = createApiClient(deps.apiUrl, accessTokens)
  const { users, contents, participants } = createLookups(redis, api)
  const publisher = createPublisher({
    producer,
    log,
    onFailure: () => metrics.kafkaFailures.inc(),
    onLost: (events) => metrics.eventsLost.inc(events),
  })
  resources.use('publisher', publisher)
  const channels = new Channels(subscriber)
  const node = new Node(redis, deps.nodeName)
  await node.enter()
  resources.defer('node', () => node.leave())
  const presence = new Presence(redis, node, (err) => {
    metrics.redisFailures.inc()
    log.warn({ err }, 'redis does not agree yet')
  })
  const onDelivered = (receivers: number) => metrics.deliveries.inc(receivers)
  const fanOut = new FanOut({ publish, nodeId: node.id, onDelivered })
  const onOmitted = (changes: number) => metrics.omittedChanges.inc(changes)
  const onClosed = closeRoomsHere(contents, presence)
  const rooms = new Rooms({ redis, channels, fanOut, contents, log, onOmitted, onClosed })
  await hearOfDeletions(subscriber, onClosed)
  const conversations = new Conversations({
    channels,
    echo: () => subscriber.ping(),
    api,
    tell: (id, text) => fanOut.publish(destinationOf('conversations/direct-messages', id), text),
    log,
  })
  const streams = new EventStreams({ redis, channels, metrics, log })
  const admission = createAdmission(limits, metrics)
  const signedIn = resources.use('signed-in', new SignedIn(sessions, limits, metrics))
  const bearer = (header: string | undefined) => readBearer(accessTokens, header)

  const allowances = new Allowances(limits.MAX_ROOM_MESSAGES_PER_SECOND)
  const lostDataOf = (nodeId: string) => node.lostDataOf(nodeId)
  const inRooms = { redis, publisher, lostDataOf, rooms, presence, fanOut, contents, allowances, metrics }
  const roomKinds = roomDestinations(inRooms)
  const playbackKinds = playbackDestinations(inRooms)
  const messageKinds = directMessageDestinations({ redis, conversations, fanOut, presence, publisher, participants })
  const typingKinds = typingDestinations({ redis, channels, fanOut, participants })
  const destinations = {
    subscribe: {
      ...roomKinds.subscribe,
      ...playbackKinds.subscribe,
      ...messageKinds.subscribe,
      ...typingKinds.subscribe,
    },
    send: { ...roomKinds.send, ...playbackKinds.send, ...messageKinds.send, ...typingKinds.send },
  }
  const heartBeats = new HeartBeats(publish)
  const serverName = `mopl/${deps.nodeName}`
  const shared = { log, serverName, metrics, limits, admission, destinations, signedIn, users, heartBeats }
  const services: Services = { ...shared, readBearer: bearer }

  const withdraw: Withdraw = async (key, nodeId) => {
    const opened = withoutOpenPrefix(key)
    const [id = '', userId = ''] = (opened ?? key).split('|')
    if (opened !== undefined) return closeConversation(redis, id, nodeId, userId)
    return reapWatching({ redis, publisher }, id, nodeId, userId)
  }
  const stopKeepingAlive = keepAlive({
    redis,
    subscriber,
    node,
    presence,
    withdraw,
    catchUps: [() => rooms.catchUp(), () => conversations.catchUp()],
    log,
    onReaped: (count) => metrics.reapedMembers.inc(count),
    onFlushed: () => streams.resyncAll(),
  })
  resources.defer('keep-alive', stopKeepingAlive)
  subscriber.on('close', () => {
    rooms.linkLost()
    conversations.linkLost()
  })
  // Announcements and hints may have been lost with the link. Answered after the re-subscriptions, the echo says that they stand.
  subscriber.on('ready', () => {
    subscriber.ping().then(
      () => {
        signedIn.checkAll()
        streams.resyncAll()
      },
      (err: unknown) => log.warn({ err }, 'subscriber link lost again'),
    )
  })

  sockJsRoutes(app, origins)
  const sockets = webSockets(app, services, origins)
  const httpSessions = new HttpSessions(services, topics)
  sockJsHttpRoutes(app, { sessions: httpSessions, origins, metrics, admission })
  const beats = setInterval(() => {
    sockets.beat()
    httpSessions.beat()
  }, deps.sockJsBeatMs)
  resources.defer('sockjs-beats', () => clearInterval(beats))
  eventStreamRoutes(app, { streams, signedIn, readBearer: bearer, origins, metrics, admission, log })
  commonRoutes(app, health)
  resources.defer('presence', () => within(untilEmptyMs, presence.untilEmpty()))
  resources.use('event-streams', streams)
  resources.defer('connections', () => {
    streams.stop()
    return restartAll([...sockets.stop(), ...httpSessions.stop()], restartSpreadMs)
  })
  resources.defer('listening', await listen(app, deps.host, deps.port))
}
