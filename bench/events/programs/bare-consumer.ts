/** The least that consuming costs: reads a topic from its beginning and does nothing. */
import kafka from '@confluentinc/kafka-javascript'
import { report } from './report.ts'

const { BROKERS = '', TOPIC = '', EVENTS = '0', FETCH_WAIT_MS = '10' } = process.env
const events = Number(EVENTS)
/** librdkafka's `RD_KAFKA_OFFSET_BEGINNING`. */
const beginning = -2

const consumer = new kafka.KafkaConsumer(
  {
    'bootstrap.servers': BROKERS,
    'group.id': 'bare',
    'enable.auto.commit': false,
    'fetch.wait.max.ms': Number(FETCH_WAIT_MS),
    'queued.min.messages': 5_000,
    'queued.max.messages.kbytes': 8_192,
    'fetch.queue.backoff.ms': 10,
  },
  {},
)
consumer.setDefaultConsumeTimeout(5)

consumer.connect({ topic: TOPIC, timeout: 10_000 }, (error, metadata) => {
  if (error !== null) throw error
  const partitions = metadata.topics.find(({ name }) => name === TOPIC)?.partitions ?? []
  consumer.assign(partitions.map(({ id }) => ({ topic: TOPIC, partition: id, offset: beginning })))
  let finish: ReturnType<typeof report> | undefined
  let consumed = 0
  let first = 0
  const consumeSome = () =>
    consumer.consume(500, (failure, messages) => {
      if (failure !== null && failure !== undefined) throw failure
      consumed += messages.length
      // From the first batch on, as the worker is measured from its first effect on.
      if (finish === undefined && consumed > 0) [finish, first] = [report(), consumed]
      if (consumed < events) return consumeSome()
      finish?.(consumed - first)
      return consumer.disconnect()
    })
  consumeSome()
})
