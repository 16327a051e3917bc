/**
 * One SockJS session over HTTP: what waits for the client, and the response that carries it when there is one. The
 * client has one open at (nearly) all times. sockjs-protocol 0.3.3, "Protocol and framing", "Closing".
 */
import type { LocalTopics } from '../local-topics.ts'
import { StompSession } from '../stomp/session.ts'
import type { Services } from '../stomp/services.ts'
import type { Transport } from '../transport.ts'
import { beatFrame, closeFrame, messagesFrame, openFrame, readMessagesFrame } from './framing.ts'
import type { Receiver, ReceiverListener } from './receiver.ts'

/** A session without a receiving response is over after this, and one that is closed is remembered so long. */
const absenceMs = 5_000
/** What may wait for a client that does not read. */
const waitingBytesAtMost = 256 * 1024

export type HttpSessionDeps = { services: Services; topics: LocalTopics; requestId: string; onForgotten: () => void }

export class HttpSession implements ReceiverListener {
  readonly stomp: StompSession
  readonly #deps: HttpSessionDeps
  readonly #topics = new Set<string>()
  #receiver: Receiver | undefined
  /** Quoted texts, in order. */
  #waiting: string[] = []
  #waitingBytes = 0
  #opened = false
  /** Set when the session is over: what whoever comes for it is told. */
  #farewell: string | undefined
  #absence: NodeJS.Timeout | undefined
  #heard = true

  constructor(deps: HttpSessionDeps) {
    this.#deps = deps
    const { metrics } = deps.services
    metrics.connections.inc({ transport: 'http' })
    this.stomp = new StompSession(this.#transport(), deps.services, deps.requestId)
    this.stomp.onEnd(() => {
      metrics.connections.dec({ transport: 'http' })
      for (const topic of this.#topics) deps.topics.leave(topic, this.#deliver)
    })
    this.#expectReceiver()
  }

  /** The client is here for what waits, and for what comes. There is one such response at a time. */
  attach(receiver: Receiver): void {
    if (this.#receiver !== undefined) {
      receiver.listen(nobody)
      return receiver.end(closeFrame(2010, 'Another connection still open'))
    }
    clearTimeout(this.#absence)
    this.#heard = true
    this.#receiver = receiver
    receiver.listen(this)
    if (!this.#opened && this.#farewell === undefined) receiver.write(openFrame)
    this.#opened = true
    this.#flush()
  }

  /** Texts that the client sent. */
  receive(texts: readonly string[]): void {
    this.#heard = true
    for (const text of texts) {
      const bytes = Buffer.from(text)
      this.stomp.heard(bytes.length)
      this.stomp.receive(bytes)
    }
  }

  /** A client that has not been heard since the last beat has to come back, because a dead line looks like a quiet one. */
  beat(): void {
    if (!this.#heard) this.#receiver?.end()
    else if (this.#receiver?.writable) this.#receiver.write(beatFrame)
    this.#heard = false
  }

  onWritable(): void {
    this.#flush()
  }

  onEnded(): void {
    this.#receiver = undefined
    this.#expectReceiver()
  }

  /** Messages may have been lost on the way: the session cannot go on. */
  onAborted(): void {
    this.#receiver = undefined
    this.#expectReceiver()
    this.#close(closeFrame(1002, 'Connection interrupted'))
    this.stomp.lost()
  }

  #transport(): Transport {
    return {
      framing: 'sockjs',
      send: (text) => this.#push(JSON.stringify(text)),
      join: (topic) => {
        this.#topics.add(topic)
        this.#deps.topics.join(topic, this.#deliver)
      },
      leave: (topic) => {
        this.#topics.delete(topic)
        this.#deps.topics.leave(topic, this.#deliver)
      },
      close: (code, reason) => {
        this.#close(closeFrame(code, reason))
        this.#flush()
      },
    }
  }

  readonly #deliver = (frame: string): void => this.#push(readMessagesFrame(frame))

  /** What comes within one turn of the process goes out in one frame: a polling client has to come back for the next. */
  #push(quoted: string): void {
    if (this.#farewell !== undefined) return
    if (this.#waiting.length === 0) queueMicrotask(() => this.#flush())
    this.#waiting.push(quoted)
    this.#waitingBytes += Buffer.byteLength(quoted)
    // Much at once is not the fault of a client that reads.
    if (this.#waitingBytes > waitingBytesAtMost) this.#flush()
    if (this.#waitingBytes > waitingBytesAtMost) this.#giveUp()
  }

  #flush(): void {
    if (this.#waiting.length > 0 && this.#receiver?.writable) {
      const frame = messagesFrame(this.#waiting)
      this.#waiting = []
      this.#waitingBytes = 0
      this.#receiver.write(frame)
    }
    if (this.#waiting.length === 0 && this.#farewell !== undefined) this.#receiver?.end(this.#farewell)
  }

  /** The client does not read: rather no more at all than a stream with a hole. */
  #giveUp(): void {
    this.#deps.services.metrics.slowReaders.inc({ transport: 'http' })
    this.#waiting = []
    this.#close(closeFrame(1008, 'SLOW_READER'))
    this.stomp.lost()
    this.#receiver?.abort()
  }

  #close(farewell: string): void {
    this.#farewell ??= farewell
  }

  #expectReceiver(): void {
    clearTimeout(this.#absence)
    this.#absence = setTimeout(() => {
      this.#deps.onForgotten()
      this.stomp.lost()
    }, absenceMs)
    // Whoever stops has closed the session already.
    this.#absence.unref()
  }
}

/** A response that is turned away has nobody to report to. */
const nobody: ReceiverListener = { onWritable: () => undefined, onEnded: () => undefined, onAborted: () => undefined }
