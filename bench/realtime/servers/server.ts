/** The servers under load. Each is a Node process of its own, started the way it would run in production. */
import { join } from 'node:path'
import { startApp, type Surroundings } from '@mopl/local/apps'
import { acceptsConnections } from '@mopl/local/kafka'
import { freePort } from '@mopl/local/ports'
import { type RunningProcess, startProcess } from '@mopl/local/processes'
import type { DialectName, Target } from '../load/protocol.ts'

export const serverNames = ['bare uWebSockets.js', 'Mopl', 'Socket.IO', 'ws + ioredis'] as const
export type ServerName = (typeof serverNames)[number]

export type Server = { name: ServerName; pid: number; target: Target; stop(): Promise<void> }

const rivals: Record<Exclude<ServerName, 'Mopl'>, { program: string; dialect: DialectName }> = {
  'bare uWebSockets.js': { program: 'bare-uws', dialect: 'bare' },
  'Socket.IO': { program: 'socket-io', dialect: 'socket.io' },
  'ws + ioredis': { program: 'ws-ioredis', dialect: 'stomp' },
}

/** A load comes from one address, and a few connections send for everybody. */
const unlimited = {
  MAX_CONNECTIONS_PER_ADDRESS: '1000000',
  MAX_FRAMES_PER_SECOND: '1000000',
  MAX_BYTES_PER_SECOND: '1000000000',
}

const rivalDirectory = join(import.meta.dir, '../rivals')
const builtDirectory = join(import.meta.dir, '../../dist')

/** Takes the types out of the rivals, because Node 20 reads none; their libraries stay as they were installed. */
export async function buildRivals(): Promise<void> {
  const entrypoints = Object.values(rivals).map(({ program }) => join(rivalDirectory, `${program}.ts`))
  await Bun.build({ entrypoints, outdir: builtDirectory, target: 'node', packages: 'external' })
}

export async function startServer(name: ServerName, surroundings: Surroundings, logDir: string): Promise<Server> {
  const port = await freePort()
  if (name === 'Mopl') {
    const process = await startApp({ app: 'socket', name: 'socket', port }, surroundings, { logDir, env: unlimited })
    return toServer(name, process, { port, dialect: 'stomp' })
  }
  const { program, dialect } = rivals[name]
  const process = await startProcess({
    name: program,
    command: ['node', join(builtDirectory, `${program}.js`)],
    env: { NODE_ENV: 'production', PORT: String(port), REDIS_URL: surroundings.redisUrl },
    logDir,
    isReady: () => acceptsConnections(`127.0.0.1:${port}`),
  })
  return toServer(name, process, { port, dialect })
}

function toServer(name: ServerName, process: RunningProcess, target: Target): Server {
  return { name, pid: process.pid, target, stop: () => process.stop() }
}
