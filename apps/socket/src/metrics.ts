/** The vocabulary of the socket app, read top to bottom. Counters are primed at zero, gauges computed where they can be. */
import { type ErrorCode, errors } from '@mopl/contracts/errors'
import { Counter, Gauge, type Registry } from 'prom-client'
import { limitNames } from './trust/limits.ts'
import { outcomes } from './rooms/playback.ts'

export type SocketMetrics = ReturnType<typeof createSocketMetrics>

/** `count` is asked at every scrape. */
export function createSocketMetrics(registry: Registry, count: { rooms: () => number; waitingEvents: () => number }) {
  const registers = [registry]
  const metrics = {
    connections: new Gauge({
      name: 'mopl_socket_connections',
      help: 'Open connections by transport',
      labelNames: ['transport'] as const,
      registers,
    }),
    subscriptions: new Gauge({ name: 'mopl_socket_subscriptions', help: 'Open STOMP subscriptions', registers }),
    rooms: new Gauge({
      name: 'mopl_socket_rooms',
      help: 'Rooms somebody here is subscribed to',
      registers,
      collect() {
        this.set(count.rooms())
      },
    }),
    deliveries: new Counter({
      name: 'mopl_socket_deliveries_total',
      help: 'MESSAGE frames handed to local subscribers',
      registers,
    }),
    refusals: new Counter({
      name: 'mopl_socket_refusals_total',
      help: 'Connections and frames refused, by error code',
      labelNames: ['code'] as const,
      registers,
    }),
    limitsExceeded: new Counter({
      name: 'mopl_socket_limits_exceeded_total',
      help: 'Connections refused or closed because they took too much or too long',
      labelNames: ['limit'] as const,
      registers,
    }),
    slowReaders: new Counter({
      name: 'mopl_socket_slow_readers_closed_total',
      help: 'Connections closed because they did not read',
      labelNames: ['transport'] as const,
      registers,
    }),
    omittedChanges: new Counter({
      name: 'mopl_socket_watch_changes_omitted_total',
      help: 'JOINs and LEAVEs of crowded rooms that went out as a number only',
      registers,
    }),
    playbackCommands: new Counter({
      name: 'mopl_socket_playback_commands_total',
      help: 'Commands to the playback of a room, by what became of them',
      labelNames: ['outcome'] as const,
      registers,
    }),
    streamEvents: new Counter({
      name: 'mopl_socket_stream_events_total',
      help: 'Server-sent events written to clients',
      registers,
    }),
    streamResets: new Counter({
      name: 'mopl_socket_stream_resets_total',
      help: 'Event streams that could not be continued without a gap',
      registers,
    }),
    redisFailures: new Counter({
      name: 'mopl_socket_redis_failures_total',
      help: 'Changes that Redis did not take at first and that are tried again',
      registers,
    }),
    reapedMembers: new Counter({
      name: 'mopl_socket_reaped_members_total',
      help: 'Entries of dead nodes taken back by this one',
      registers,
    }),
    kafkaFailures: new Counter({
      name: 'mopl_socket_kafka_produce_failures_total',
      help: 'Attempts to publish an event that Kafka did not acknowledge',
      registers,
    }),
    waitingEvents: new Gauge({
      name: 'mopl_socket_events_waiting',
      help: 'Events of rooms that Kafka has not acknowledged yet',
      registers,
      collect() {
        this.set(count.waitingEvents())
      },
    }),
    eventsLost: new Counter({
      name: 'mopl_socket_events_lost_total',
      help: 'Events of rooms that were given up: too many waited, or the process ended while Kafka was away',
      registers,
    }),
  }
  for (const outcome of outcomes) metrics.playbackCommands.inc({ outcome }, 0)
  for (const code of Object.keys(errors) as ErrorCode[]) metrics.refusals.inc({ code }, 0)
  for (const limit of limitNames) metrics.limitsExceeded.inc({ limit }, 0)
  for (const transport of ['raw', 'sockjs', 'http', 'sse'] as const) {
    metrics.connections.set({ transport }, 0)
    metrics.slowReaders.inc({ transport }, 0)
  }
  return metrics
}
