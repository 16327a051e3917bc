/** Puts events about ratings into their topic, for consumers to work off. */
import { topics } from '@mopl/contracts/topics'
import { readEnv, KafkaEnv } from '@mopl/infrastructure/config'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import { kafkaOptions, openProducer } from '@mopl/infrastructure/kafka'
import { createLog } from '@mopl/infrastructure/log'
import { contentIdOf } from '../ids.ts'

const { EVENTS = '0', CONTENTS = '0' } = process.env
const events = Number(EVENTS)
const log = createLog('fill', 'silent')
const producer = openProducer({ ...kafkaOptions(readEnv(KafkaEnv)), name: 'fill', log, deliveryTimeoutMs: 60_000 })

for (let made = 0; made < events; made += 1_000)
  await producer.sendAll(
    Array.from({ length: 1_000 }, (_, index) => {
      const contentId = contentIdOf((made + index) % Number(CONTENTS))
      const payload = { reviewId: newId(), contentId, authorId: newId(), rating: index % 6 }
      const event = newEvent('review.created', contentId, payload, 'bench')
      const headers = { eventId: event.eventId, type: event.type, requestId: event.requestId }
      return { topic: topics.review, key: contentId, value: JSON.stringify(event), headers }
    }),
  )
await producer.close()
