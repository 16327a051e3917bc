/** Who is connected, what reaches them, and what goes wrong on the way. */
import { type Dashboard, rate } from './dashboard.ts'

export const realTime: Dashboard = {
  uid: 'mopl-real-time',
  title: 'Mopl real time',
  rows: [
    {
      title: 'Connected',
      panels: [
        {
          title: 'Connections by transport',
          unit: 'none',
          width: 8,
          queries: { '{{transport}}': 'sum by (transport) (mopl_socket_connections)' },
        },
        {
          title: 'Connections by instance',
          unit: 'none',
          width: 8,
          queries: { '{{instance}}': 'sum by (instance) (mopl_socket_connections)' },
        },
        {
          title: 'Rooms and subscriptions',
          description: 'A room counts once on every instance that has somebody in it',
          unit: 'none',
          width: 8,
          queries: { rooms: 'sum(mopl_socket_rooms)', subscriptions: 'sum(mopl_socket_subscriptions)' },
        },
      ],
    },
    {
      title: 'Delivered',
      panels: [
        {
          title: 'Deliveries',
          description: 'Messages handed to subscribers, and events written to streams',
          unit: 'ops',
          width: 12,
          queries: {
            messages: `sum(${rate('mopl_socket_deliveries_total')})`,
            'stream events': `sum(${rate('mopl_socket_stream_events_total')})`,
          },
        },
        {
          title: 'Coalesced and reset',
          description:
            'JOINs and LEAVEs of crowded rooms sent as a number only; streams that could not go on without a gap',
          unit: 'ops',
          width: 12,
          queries: {
            coalesced: `sum(${rate('mopl_socket_watch_changes_omitted_total')})`,
            resets: `sum(${rate('mopl_socket_stream_resets_total')})`,
          },
        },
      ],
    },
    {
      title: 'Trouble',
      panels: [
        {
          title: 'Refusals',
          description: 'By error code, the eight most frequent',
          unit: 'ops',
          width: 8,
          queries: { '{{code}}': `topk(8, sum by (code) (${rate('mopl_socket_refusals_total')}))` },
        },
        {
          title: 'Connections that took too much',
          unit: 'ops',
          width: 8,
          queries: {
            '{{limit}}': `sum by (limit) (${rate('mopl_socket_limits_exceeded_total')})`,
            'slow readers, {{transport}}': `sum by (transport) (${rate('mopl_socket_slow_readers_closed_total')})`,
          },
        },
        {
          title: 'Playback commands',
          unit: 'ops',
          width: 8,
          queries: {
            '{{outcome}}': `sum by (outcome) (${rate('mopl_socket_playback_commands_total')})`,
          },
        },
        {
          title: 'Dependencies and dead nodes',
          unit: 'ops',
          width: 8,
          queries: {
            'redis failures': `sum(${rate('mopl_socket_redis_failures_total')})`,
            'kafka failures': `sum(${rate('mopl_socket_kafka_produce_failures_total')})`,
            'reaped members': `sum(${rate('mopl_socket_reaped_members_total')})`,
          },
        },
        {
          title: 'Events of rooms that wait for Kafka, and that were lost',
          unit: 'none',
          width: 8,
          queries: {
            waiting: `sum(mopl_socket_events_waiting)`,
            lost: `sum(increase(mopl_socket_events_lost_total[$__rate_interval]))`,
          },
        },
      ],
    },
  ],
}
