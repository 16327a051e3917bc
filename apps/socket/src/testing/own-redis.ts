/** A Redis of one test's own, to be flushed, stopped and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, freePort } from '@mopl/infrastructure/testing'

export type OwnRedis = { url: string; stop(): Promise<void>; start(): Promise<void>; close(): Promise<void> }

/** Keeps its data on disk, as a real one does: started again it knows what it knew. `stop` is the power cord. */
export async function startOwnRedis(): Promise<OwnRedis> {
  const port = await freePort()
  const directory = await mkdtemp(join(tmpdir(), 'mopl-redis-'))
  let server: ChildProcess | undefined
  const start = async () => {
    const options = { port, bind: '127.0.0.1', save: '', appendonly: 'yes', dir: directory }
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    server = spawn('redis-server', flags, { stdio: 'ignore' })
    await eventually('redis listens', () => listens(port))
  }
  const stop = async () => {
    if (server === undefined || server.exitCode !== null) return
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
  }
  await start()
  const close = async () => {
    await stop()
    await rm(directory, { recursive: true, force: true })
  }
  return { url: `redis://127.0.0.1:${port}`, start, stop, close }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  return true
}
