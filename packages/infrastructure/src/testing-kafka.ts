/**
 * Kafka for tests. The client is an addon that Bun does not load, so a Node process (`kafka-probe.ts`) holds it and
 * takes commands over stdio.
 */
import { execFile, spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { newId } from './ids.ts'
import type { KafkaRecord } from './kafka.ts'
import { type Ending, endingOf, testEnv } from './testing.ts'

export type ProbeMessage = {
  topic: string
  partition: number
  offset: number
  key: string
  value: string
  headers: Record<string, string>
}

export type ProbeCommand =
  | { id: string; op: 'produce'; records: readonly KafkaRecord[] }
  | { id: string; op: 'consume'; topics: readonly string[]; group: string; manual: boolean }
  | { id: string; op: 'settle'; batch: string; handled: boolean }
  | { id: string; op: 'leave'; consumer: string }

export type ProbeAnswer =
  | { id: string; done: true }
  | { id: string; done: false; error: string }
  | { id: string; batch: string; messages: ProbeMessage[] }

export type ProbeConsumer = {
  /** Everything handed over so far, in order; grows. */
  messages: ProbeMessage[]
  /** With `manual`: the batches handed over; each waits for `settle(batch, handled)`. */
  batches: string[]
  settle(batch: string, handled: boolean): Promise<void>
  /** Leaves the group. */
  leave(): Promise<void>
}

export type KafkaProbe = {
  pid: number
  /** Resolves when acknowledged; rejects after `deliveryTimeoutMs`. */
  produce(...records: KafkaRecord[]): Promise<void>
  /** Reads from the beginning, in a group of its own unless `group` is named. The first join takes about 3 s. */
  consume(topics: readonly string[], options?: { group?: string; manual?: boolean }): Promise<ProbeConsumer>
  kill(signal: NodeJS.Signals): void
  /** Rejects when the process has died of a signal that this test did not send. */
  close(): Promise<void>
}

const directory = fileURLToPath(new URL('../', import.meta.url))

/** Starts a probe. With a `topicPrefix` it sees the topics of a process that has the same `KAFKA_TOPIC_PREFIX`. */
export async function startKafkaProbe({
  topicPrefix = '',
  brokers = testEnv('KAFKA_BROKERS'),
  deliveryTimeoutMs = 5_000,
} = {}): Promise<KafkaProbe> {
  const bundle = await bundleProbe()
  const child = spawn('node', ['--enable-source-maps', bundle], {
    env: {
      ...process.env,
      KAFKA_BROKERS: brokers,
      KAFKA_TOPIC_PREFIX: topicPrefix,
      DELIVERY_TIMEOUT_MS: String(deliveryTimeoutMs),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = endingOf(child)
  const sent = new Set<Ending>()
  const waiting = new Map<string, { resolve: () => void; reject: (error: Error) => void }>()
  const consumers = new Map<string, ProbeConsumer>()

  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as ProbeAnswer
    if ('batch' in answer) {
      consumers.get(answer.id)?.messages.push(...answer.messages)
      consumers.get(answer.id)?.batches.push(answer.batch)
    } else if (answer.done) waiting.get(answer.id)?.resolve()
    else waiting.get(answer.id)?.reject(new Error(answer.error))
  })

  function order(command: ProbeCommand): Promise<void> {
    child.stdin.write(`${JSON.stringify(command)}\n`)
    return new Promise<void>((resolve, reject) => waiting.set(command.id, { resolve, reject })).finally(() =>
      waiting.delete(command.id),
    )
  }

  return {
    pid: child.pid ?? 0,
    produce: (...records) => order({ id: newId(), op: 'produce', records }),
    consume: async (topics, { group = `test-${newId()}`, manual = false } = {}) => {
      const id = newId()
      const consumer: ProbeConsumer = {
        messages: [],
        batches: [],
        settle: (batch, handled) => order({ id: newId(), op: 'settle', batch, handled }),
        leave: () => order({ id: newId(), op: 'leave', consumer: id }),
      }
      consumers.set(id, consumer)
      await order({ id, op: 'consume', topics, group, manual })
      return consumer
    },
    kill: (signal) => {
      sent.add(signal)
      child.kill(signal)
    },
    close: async () => {
      child.stdin.end()
      const ending = await exited
      await rm(bundle, { force: true })
      if (typeof ending === 'string' && !sent.has(ending)) throw new Error(`the probe died of ${ending}`)
    },
  }
}

/** Beside the package's own node_modules, where Node finds the addon. One file per probe: tests run side by side. */
async function bundleProbe(): Promise<string> {
  const file = `${directory}dist/kafka-probe-${newId()}.js`
  const flags = [
    '--target=node',
    '--external=@confluentinc/kafka-javascript',
    '--sourcemap=inline',
    `--outfile=${file}`,
  ]
  await promisify(execFile)('bun', ['build', `${directory}src/kafka-probe.ts`, ...flags])
  return file
}
