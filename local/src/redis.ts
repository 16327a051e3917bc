import { RedisClient } from 'bun'
import { mkdirSync } from 'node:fs'
import { freePort } from './ports.ts'
import { startProcess, type RunningProcess } from './processes.ts'

export type RedisOptions = { dataDir: string; logDir: string; isDurable: boolean; signal?: AbortSignal | undefined }

export type Redis = { process: RunningProcess; url: string }

/** Redis from the system's packages, on a free port of 127.0.0.1; `isDurable` keeps its data over restarts. */
export async function startRedis({ dataDir, logDir, isDurable, signal }: RedisOptions): Promise<Redis> {
  mkdirSync(dataDir, { recursive: true })
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: dataDir,
    save: '',
    appendonly: isDurable ? 'yes' : 'no',
  }
  const process = await startProcess({
    name: 'redis',
    command: ['redis-server', ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])],
    logDir,
    isReady: () => answersPing(url),
    signal,
  })
  return { process, url }
}

/** Answers whether the server behind this URL is up and has read its data. */
export async function answersPing(url: string): Promise<boolean> {
  const client = new RedisClient(url, { autoReconnect: false, connectionTimeout: 2_000 })
  try {
    await client.connect()
    return (await client.ping()) === 'PONG'
  } finally {
    client.close()
  }
}
