/**
 * One STOMP connection, whatever carries it. Frames are handled strictly one after the other: the next one starts when
 * the one before has had its effect, so that back-to-back SUBSCRIBEs and SENDs mean what they say.
 */
import { AppError, type ErrorCode } from '@mopl/contracts/errors'
import type { Visitor } from '../destinations.ts'
import { appended } from '../appended.ts'
import type { SignedInEntry } from '../signed-in.ts'
import type { Transport } from '../transport.ts'
import { Allowance } from '../trust/allowance.ts'
import { overLimit } from '../trust/limits.ts'
import { errorFrame, toAppError } from './error-frame.ts'
import { encodeFrame, type Headers, readHeaders, type RawFrame, type StompVersion } from './frame.ts'
import { type CommandHandlers, handlers } from './handlers.ts'
import { StompParser } from './parser.ts'
import type { Services } from './services.ts'
import type { Ending, Subscription } from './subscription.ts'

const waitingFramesAtMost = 256
/** Shared by all that have nobody to call at their end. */
const none: readonly never[] = []
/** What a message counts at least against the bytes of a second. */
const messageBytesAtLeast = 64

export class StompSession {
  readonly transport: Transport
  readonly requestId: string
  readonly services: Services
  /** Few: an array takes less than a map. */
  subscriptions: readonly Subscription[] = []
  /** Set by CONNECT. */
  visitor: Visitor | undefined
  version: StompVersion = '1.0'

  readonly #parser = new StompParser()
  #signInTimer: NodeJS.Timeout | undefined
  #entry: SignedInEntry | undefined
  #beat: string | undefined
  #onEnd: readonly (() => void)[] = none
  readonly #frameAllowance: Allowance
  readonly #byteAllowance: Allowance
  readonly #openedAtMs = Date.now()
  #frames = 0
  #waiting: (RawFrame | AppError)[] = []
  #busy = false
  #over = false

  constructor(transport: Transport, services: Services, requestId: string) {
    this.transport = transport
    this.services = services
    this.requestId = requestId
    const { limits } = services
    this.#frameAllowance = new Allowance(limits.MAX_FRAMES_PER_SECOND)
    this.#byteAllowance = new Allowance(limits.MAX_BYTES_PER_SECOND)
    this.#signInTimer = setTimeout(() => this.#signInTimedOut(), limits.SIGN_IN_WITHIN_MS)
  }

  get over(): boolean {
    return this.#over
  }

  /** A message of so many bytes is there, whatever stands in it: an empty one is work too. */
  heard(bytes: number): void {
    const { metrics } = this.services
    const isWithin = this.#byteAllowance.take(Math.max(bytes, messageBytesAtLeast), performance.now())
    if (!isWithin && !this.#over) this.fail(overLimit(metrics, 'bytes-per-second'))
  }

  /** Bytes from the client. What cannot be a frame ends the session, after the frames before it. */
  receive(chunk: Uint8Array): void {
    if (this.#over) return
    const { metrics } = this.services
    const waitingBefore = this.#waiting.length
    try {
      for (const frame of this.#parser.push(chunk)) this.#waiting.push(frame)
    } catch (error) {
      this.#waiting.push(toAppError(error))
    }
    const arrived = this.#waiting.length - waitingBefore
    if (!this.#frameAllowance.take(arrived, performance.now())) this.fail(overLimit(metrics, 'frames-per-second'))
    else if (this.#waiting.length > waitingFramesAtMost) this.fail(overLimit(metrics, 'waiting-frames'))
    else if (!this.#busy) void this.#work()
  }

  /** Sends a frame in the negotiated version. */
  send(command: string, headers: Record<string, string>, body = ''): void {
    if (!this.#over) this.transport.send(encodeFrame(command, headers, this.version, body))
  }

  /** Among those whose session is watched, until this one is over. */
  enlisted(entry: SignedInEntry): void {
    if (this.#over) this.services.signedIn.remove(entry)
    else this.#entry = entry
  }

  /** Hears the topic of its heart-beats until it is over, which it is not yet. */
  beatWith(topic: string): void {
    this.#beat = topic
    this.transport.join(topic)
  }

  /** CONNECT has succeeded. */
  signedIn(visitor: Visitor): void {
    this.#stopWaitingForSignIn()
    this.visitor = visitor
  }

  /** Calls back once, when the session is over, however it ends. */
  onEnd(callback: () => void): void {
    if (this.#over) callback()
    else this.#onEnd = appended(this.#onEnd, callback)
  }

  hasSubscription(key: string): boolean {
    return this.subscriptions.some((each) => each.key === key)
  }

  addSubscription(subscription: Subscription): void {
    this.subscriptions = appended(this.subscriptions, subscription)
    this.services.metrics.subscriptions.inc()
  }

  /** Settles when what the subscription has open is let go. */
  async endSubscription(key: string, ending: Ending): Promise<void> {
    const subscription = this.subscriptions.find((each) => each.key === key)
    if (subscription === undefined) return
    this.subscriptions = this.subscriptions.filter((each) => each !== subscription)
    this.services.metrics.subscriptions.dec()
    await subscription.end(ending)
  }

  /** The session that the client signed in with is over, or cannot be told to be in force. */
  revoke(code: ErrorCode): void {
    this.fail(new AppError(code))
  }

  /** ERROR, then close. */
  fail(error: AppError, receiptId?: string): void {
    if (this.#over) return
    this.services.metrics.refusals.inc({ code: error.code })
    this.transport.send(errorFrame(error, this.version, receiptId))
    this.#end('lost', error.code === 'UNAVAILABLE' || error.code === 'INTERNAL' ? 1011 : 1008, error.code)
  }

  /** The client has said good-bye. */
  disconnect(): void {
    this.#end('left', 1000, 'bye')
  }

  /** The transport is gone. */
  lost(): void {
    this.#end('lost')
  }

  /** The process is stopping. */
  restart(): void {
    this.#end('lost', 1012, 'Service Restart')
  }

  #stopWaitingForSignIn(): void {
    clearTimeout(this.#signInTimer)
    this.#signInTimer = undefined
  }

  #signInTimedOut(): void {
    this.services.metrics.limitsExceeded.inc({ limit: 'sign-in-time' })
    this.fail(new AppError('UNAUTHENTICATED'))
  }

  async #work(): Promise<void> {
    this.#busy = true
    for (let next = this.#waiting.shift(); next !== undefined && !this.#over; next = this.#waiting.shift()) {
      if (next instanceof AppError) this.fail(next)
      else await this.#handle(next)
      this.#frames += 1
    }
    // An array that was full once keeps its room.
    this.#waiting = []
    this.#busy = false
  }

  async #handle(frame: RawFrame): Promise<void> {
    let headers: Headers | undefined
    try {
      headers = readHeaders(frame, this.version)
      const answer = await handlerOf(frame.command, this.visitor !== undefined)(this, headers, frame.body)
      const receipt = headers.get('receipt')
      if (receipt !== undefined && !isConnect(frame.command)) this.send('RECEIPT', { 'receipt-id': receipt, ...answer })
      if (frame.command === 'DISCONNECT') this.disconnect()
    } catch (error) {
      const appError = toAppError(error)
      const { requestId } = this
      if (appError.code === 'INTERNAL') this.services.log.error({ err: error, requestId }, 'frame failed')
      this.fail(appError, headers?.get('receipt'))
    }
  }

  #end(ending: Ending, closeCode?: number, reason = ''): void {
    if (this.#over) return
    this.#over = true
    this.#stopWaitingForSignIn()
    this.#waiting = []
    for (const { key } of this.subscriptions) void this.endSubscription(key, ending)
    if (this.#entry !== undefined) this.services.signedIn.remove(this.#entry)
    if (this.#beat !== undefined) this.services.heartBeats.leave(this.#beat)
    for (const callback of this.#onEnd) callback()
    if (closeCode !== undefined) this.transport.close(closeCode, reason)
    this.#tell(ending, closeCode, reason)
  }

  /** One line per connection, at its end. */
  #tell(ending: Ending, closeCode: number | undefined, reason: string): void {
    const { requestId } = this
    const { framing } = this.transport
    const userId = this.visitor?.user.userId
    const facts = { ending, closeCode, reason, frames: this.#frames, durationMs: Date.now() - this.#openedAtMs }
    this.services.log.info({ requestId, userId, framing, ...facts }, 'connection ended')
  }
}

/** @throws {AppError} for an unknown command, and for one that has no business before or after CONNECT */
function handlerOf(command: string, signedIn: boolean): CommandHandlers[string] {
  const handler = Object.hasOwn(handlers, command) ? handlers[command] : undefined
  if (handler === undefined) throw new AppError('INVALID_REQUEST', { command: '지원하지 않습니다.' })
  if (isConnect(command) && signedIn) throw new AppError('INVALID_REQUEST', { command: '이미 연결되어 있습니다.' })
  if (!isConnect(command) && !signedIn) throw new AppError('UNAUTHENTICATED')
  return handler
}

function isConnect(command: string): boolean {
  return command === 'CONNECT' || command === 'STOMP'
}
