/**
 * Test equipment: Kafka over stdio, one JSON object a line, for tests that run in Bun, which cannot load the client.
 * It is our own producer and consumer behind `testing-kafka.ts`, which says what the lines mean.
 */
import { createInterface } from 'node:readline'
import { type Consumer, openConsumer } from './kafka-consumer.ts'
import { kafkaOptions, openProducer, type Producer } from './kafka.ts'
import { KafkaEnv, readEnv } from './config.ts'
import { createLog } from './log.ts'
import type { ProbeAnswer, ProbeCommand } from './testing-kafka.ts'

const kafka = kafkaOptions(readEnv(KafkaEnv))
const log = createLog('kafka-probe', 'silent')
const deliveryTimeoutMs = Number(process.env['DELIVERY_TIMEOUT_MS'])
const producer = openProducer({ ...kafka, name: 'probe', log, topics: [], deliveryTimeoutMs })
const consumers = new Map<string, Consumer>()
const creators: Producer[] = []
const settle = new Map<string, (handled: boolean) => void>()

function tell(answer: ProbeAnswer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

function consume({ id, topics, group, manual }: Extract<ProbeCommand, { op: 'consume' }>): Consumer {
  let batches = 0
  return openConsumer({
    ...kafka,
    group,
    topics,
    log,
    handle: async (batch, signal) => {
      const name = `${id}-${batches++}`
      tell({ id, batch: name, messages: batch.map((message) => ({ ...message, value: String(message.value) })) })
      if (!manual) return
      const handled = await new Promise<boolean>((resolve) => {
        settle.set(name, resolve)
        signal.addEventListener('abort', () => resolve(false), { once: true })
      })
      if (!handled) throw new Error('not handled')
    },
  })
}

async function obey(command: ProbeCommand): Promise<void> {
  switch (command.op) {
    case 'produce':
      return producer.sendAll(command.records)
    case 'consume':
      // A topic that a test makes up has no producer yet that would create it.
      creators.push(openProducer({ ...kafka, name: 'probe-topics', log, topics: command.topics }))
      consumers.set(command.id, consume(command))
      return
    case 'settle':
      settle.get(command.batch)?.(command.handled)
      return
    case 'leave':
      await consumers.get(command.consumer)?.close()
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as ProbeCommand
  obey(command).then(
    () => tell({ id: command.id, done: true }),
    (error: unknown) => tell({ id: command.id, done: false, error: String(error) }),
  )
}
await Promise.all([...consumers.values(), ...creators, producer].map((resource) => resource.close()))
