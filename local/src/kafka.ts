import { readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { startProcess, type RunningProcess } from './processes.ts'

export type KafkaOptions = { logDir: string; bundle: string; signal?: AbortSignal | undefined }

export type Kafka = { process: RunningProcess; brokers: string }

/** librdkafka's mock cluster in a process of its own (see kafka-broker.ts): the real protocol, nothing kept over restarts. */
export async function startKafka({ logDir, bundle, signal }: KafkaOptions): Promise<Kafka> {
  let brokers: string | undefined
  const process = await startProcess({
    name: 'kafka',
    command: ['node', bundle],
    logDir,
    isReady: () => {
      brokers = /^bootstrap (\S+)$/m.exec(readFileSync(join(logDir, 'kafka.log'), 'utf8'))?.[1]
      return brokers !== undefined
    },
    signal,
  })
  if (brokers === undefined) throw new Error('the local Kafka printed no address')
  return { process, brokers }
}

/** Answers whether something listens at the first of these `host:port` addresses. */
export function acceptsConnections(brokers: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${brokers.split(',')[0]}`)
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: hostname, port: Number(port), timeout: 2_000 })
    socket.once('timeout', () => socket.destroy(new Error(`${brokers} does not answer`)))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
