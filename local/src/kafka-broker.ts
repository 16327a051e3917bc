/**
 * A local Kafka: librdkafka's mock cluster, in a process of its own. It runs on Node (the addon does not load in Bun),
 * speaks the real protocol on 127.0.0.1, creates topics on first use and keeps everything in memory.
 * Prints its bootstrap address once; ends on SIGTERM.
 */
import kafka from '@confluentinc/kafka-javascript'

// The typings do not know librdkafka's test settings; the address is required and unused.
const settings = { 'test.mock.num.brokers': 1, 'metadata.broker.list': 'unused:1' }
const producer = new kafka.Producer(settings, {})

producer.connect({ timeout: 5_000 }, (error, metadata) => {
  if (error !== null) throw error
  const addresses = metadata.brokers.map(({ host, port }) => `${host}:${port}`)
  process.stdout.write(`bootstrap ${addresses.join(',')}\n`)
})

const keepAlive = setInterval(() => {}, 60_000)

process.once('SIGTERM', () => {
  producer.disconnect(2_000, () => clearInterval(keepAlive))
})
