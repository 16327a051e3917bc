/** The least that publishing costs: librdkafka with the relay's guarantees, and nothing around it. */
import kafka from '@confluentinc/kafka-javascript'
import { report } from './report.ts'

const { BROKERS = '', TOPIC = '', EVENTS = '0', BYTES = '0' } = process.env
const events = Number(EVENTS)
const value = Buffer.alloc(Number(BYTES), 'x')
const keys = Array.from({ length: 1_000 }, () => crypto.randomUUID())

const producer = new kafka.Producer(
  {
    'bootstrap.servers': BROKERS,
    'enable.idempotence': true,
    'linger.ms': 0,
    'queue.buffering.max.messages': 100_000,
    dr_cb: true,
  },
  { partitioner: 'murmur2_random' },
)
let sent = 0
let acknowledged = 0

function sendSome(): void {
  // Half of the queue's length: never full, never empty.
  for (; sent < events && sent - acknowledged < 50_000; sent++)
    producer.produce(TOPIC, null, value, keys[sent % keys.length])
}

producer.connect({ topic: TOPIC, timeout: 10_000 }, (error) => {
  if (error !== null) throw error
  producer.setPollInBackground(true)
  const finish = report()
  producer.on('delivery-report', (failure) => {
    if (failure) throw failure
    acknowledged += 1
    if (acknowledged % 1_000 === 0) sendSome()
    if (acknowledged === events) {
      finish(events)
      producer.disconnect()
    }
  })
  sendSome()
})
