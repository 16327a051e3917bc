/** The bench's side of a load process. */
import { join } from 'node:path'
import type { Answer, CommandName, Commands } from './protocol.ts'

export type LoadProcess = {
  /** @throws {Error} with the load process's words, or when it ended */
  call<N extends CommandName>(name: N, params: Commands[N]['params']): Promise<Commands[N]['result']>
  close(): Promise<void>
}

type Waiting = { resolve(result: unknown): void; reject(error: Error): void }

export function startLoadProcess(): LoadProcess {
  const pending = new Map<number, Waiting>()
  let calls = 0
  const child = Bun.spawn(['bun', join(import.meta.dir, 'process.ts')], {
    stdio: ['ignore', 'inherit', 'inherit'],
    ipc(answer: Answer) {
      const waiting = pending.get(answer.id)
      pending.delete(answer.id)
      if ('error' in answer) waiting?.reject(new Error(answer.error))
      else waiting?.resolve(answer.result)
    },
  })
  void child.exited.then((code) => {
    for (const waiting of pending.values()) waiting.reject(new Error(`a load process ended with ${code}`))
  })
  return {
    call<N extends CommandName>(name: N, params: Commands[N]['params']) {
      const waiting = Promise.withResolvers<unknown>()
      pending.set(++calls, waiting)
      child.send({ id: calls, name, params })
      return waiting.promise as Promise<Commands[N]['result']>
    },
    async close() {
      child.disconnect()
      await child.exited
    },
  }
}
