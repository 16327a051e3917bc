/** The api as in production, and the bare server with either driver: each a process of its own on the same database. */
import { join } from 'node:path'
import { startApp, type Surroundings } from '@mopl/local/apps'
import { freePort } from '@mopl/local/ports'
import { type RunningProcess, startProcess } from '@mopl/local/processes'
import { driverNames } from './bare/drivers.ts'

export const serverNames = ['Mopl', ...driverNames.map((driver) => `bare, ${driver}` as const)] as const
export type ServerName = (typeof serverNames)[number]
export type Server = { name: ServerName; url: string; pid: number; stop(): Promise<void> }

export async function startServer(name: ServerName, surroundings: Surroundings, logDir: string): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  if (name === 'Mopl')
    return toServer(name, url, await startApp({ app: 'api', name: 'api', port }, surroundings, { logDir }))
  const process = await startProcess({
    name: 'bare',
    command: [globalThis.process.execPath, '--no-env-file', join(import.meta.dir, 'bare/server.ts')],
    env: {
      PORT: String(port),
      DATABASE_URL: surroundings.databaseUrl,
      DATABASE_POOL_SIZE: '10',
      DRIVER: name.slice('bare, '.length),
    },
    logDir,
    isReady: async () => (await fetch(url)).ok,
  })
  return toServer(name, url, process)
}

function toServer(name: ServerName, url: string, process: RunningProcess): Server {
  return { name, url, pid: process.pid, stop: () => process.stop() }
}
