/**
 * The TCP sockets of a client, kept so that they can be cut. A server that does not answer any more never acknowledges
 * a goodbye either, and a socket that waits for it keeps the process alive.
 */
import { once } from 'node:events'
import { Socket } from 'node:net'
import { settlesWithin } from './within.ts'

export class OpenSockets {
  readonly #sockets = new Set<Socket>()

  /** A fresh socket, not yet connected. */
  readonly create = (): Socket => {
    const socket = new Socket()
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }

  /** Whatever waits for an answer on one of them fails at once. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Runs `goodbye` and resolves when it is done and no socket is left; those left after `patienceMs` are cut. */
  async closeAfter(goodbye: Promise<void>, patienceMs: number): Promise<void> {
    const closed = Promise.all([goodbye, ...[...this.#sockets].map((socket) => once(socket, 'close'))])
    if (
      !(await settlesWithin(
        closed.then(() => undefined),
        patienceMs,
      ))
    )
      this.cut()
    await closed
  }
}
