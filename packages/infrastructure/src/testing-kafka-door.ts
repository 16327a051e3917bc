/**
 * Test equipment: a door in front of a Kafka of one broker. Clients bootstrap anywhere and then go where the broker says
 * that it is; so that they stay behind the door, the broker's address is replaced in its answers.
 */
import { Transform } from 'node:stream'
import { type Door, openDoor } from './testing-door.ts'

export type KafkaDoor = Door & {
  /** What a process behind the door gets as `KAFKA_BROKERS`. */
  brokers: string
  /** From now on the connections that publish something break; reading goes on. */
  refusePublishing: () => void
  allowPublishing: () => void
}

/** The api key of Produce. Source: Apache Kafka, protocol guide. */
const produce = 0

export async function openKafkaDoor(brokers: string): Promise<KafkaDoor> {
  const { hostname, port } = new URL(`kafka://${brokers.split(',')[0]}`)
  let isRefusing = false
  const door: Door = await openDoor(hostname, Number(port), {
    toServer: () =>
      frames((request) => {
        if (isRefusing && request.readInt16BE(4) === produce) throw new Error('publishing is refused')
        return request
      }),
    toClient: () => frames((answer) => withPort(answer, hostname, Number(port), door.port)),
  })
  return {
    ...door,
    brokers: `${hostname}:${door.port}`,
    refusePublishing: () => (isRefusing = true),
    allowPublishing: () => (isRefusing = false),
  }
}

/** Requests and answers both start with their length in four bytes; each is handed over whole. */
function frames(pass: (frame: Buffer) => Buffer): Transform {
  let rest = Buffer.alloc(0)
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      rest = Buffer.concat([rest, chunk])
      try {
        while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
          const end = 4 + rest.readInt32BE(0)
          this.push(pass(rest.subarray(0, end)))
          rest = rest.subarray(end)
        }
        done()
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)))
      }
    },
  })
}

/** In every version of the protocol the port stands in four bytes behind the host. */
function withPort(frame: Buffer, host: string, from: number, to: number): Buffer {
  const [address, replacement] = [from, to].map((port) => {
    const bytes = Buffer.alloc(host.length + 4)
    bytes.write(host)
    bytes.writeInt32BE(port, host.length)
    return bytes
  })
  if (address === undefined || replacement === undefined || !frame.includes(address)) return frame
  const replaced = Buffer.from(frame)
  for (let at = replaced.indexOf(address); at >= 0; at = replaced.indexOf(address, at + 1))
    replacement.copy(replaced, at)
  return replaced
}
