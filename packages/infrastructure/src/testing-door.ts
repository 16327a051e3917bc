/** Test equipment: a TCP door in front of a server, which a test can freeze, shut and open again. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { PassThrough, type Transform } from 'node:stream'

export type Door = {
  port: number
  /** Connections stay and new ones are accepted, but nothing comes through any more. */
  freeze: () => void
  /** Nothing comes through any more for the connections there are, and nobody is told; new ones work. */
  strand: () => void
  /** Connections break, and new ones are refused. */
  shut: () => Promise<void>
  /** Lets everything through again, on the same port. */
  open: () => Promise<void>
}

export type DoorOptions = {
  /** Without it, a free one. */
  ownPort?: number
  /** What the bytes of a connection go through; one that fails breaks the connection. */
  toServer?: () => Transform
  toClient?: () => Transform
}

const asItIs = () => new PassThrough()

/** A door to `host:port`, open. */
export async function openDoor(host: string, port: number, options: DoorOptions = {}): Promise<Door> {
  const { toServer = asItIs, toClient = asItIs } = options
  let { ownPort = 0 } = options
  const sockets = new Set<Socket>()
  let frozen = false
  let server: Server | undefined

  function track(socket: Socket): void {
    sockets.add(socket)
    // Either end may go at any time: that is what the door is for. 'close' follows.
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
  }

  function admit(client: Socket): void {
    track(client)
    if (frozen) return void client.pause()
    const upstream = connect(port, host)
    track(upstream)
    const breakUp = () => client.destroy()
    client.pipe(toServer().on('error', breakUp)).pipe(upstream)
    upstream.pipe(toClient().on('error', breakUp)).pipe(client)
    client.once('close', () => upstream.destroy())
    upstream.once('close', () => client.destroy())
  }

  async function shut(): Promise<void> {
    const closing = server
    server = undefined
    for (const socket of sockets) socket.destroy()
    if (closing !== undefined) await new Promise((resolve) => closing.close(resolve))
  }

  async function open(): Promise<void> {
    await shut()
    frozen = false
    const opening = createServer(admit)
    await new Promise<void>((resolve) => opening.listen(ownPort, '127.0.0.1', resolve))
    const address = opening.address()
    if (typeof address === 'object' && address !== null) ownPort = address.port
    server = opening
  }

  function strand(): void {
    for (const socket of sockets) {
      socket.unpipe()
      socket.pause()
    }
  }

  await open()
  return {
    port: ownPort,
    freeze: () => {
      frozen = true
      strand()
    },
    strand,
    shut,
    open,
  }
}
