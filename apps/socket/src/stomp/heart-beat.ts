/** Heart-beats of all connections: one timer per interval and framing publishes them, instead of a timer per connection. */
import { AppError } from '@mopl/contracts/errors'
import { type Framing, frameText } from '../transport.ts'

/** What this server offers, in milliseconds: it can beat this often, and would like to hear from the client this often. */
export const offeredBeatMs = { send: 10_000, receive: 10_000 } as const

/** Agreed intervals are rounded down to whole seconds up to a minute, so that there are few different ones; beating early is allowed. */
const stepMs = 1_000
const longestMs = 60_000

/**
 * The interval in milliseconds at which the server must beat for a client whose CONNECT said `heart-beat:<cx>,<cy>`;
 * 0 for none. STOMP 1.2, "Heart-beating": the larger of what one side can and the other wants, unless either is 0.
 *
 * @throws {AppError} INVALID_REQUEST when the header is not two numbers
 */
export function agreedBeatMs(header = '0,0'): number {
  const wanted = /^\s*\d{1,9}\s*,\s*(\d{1,9})\s*$/.exec(header)?.[1]
  if (wanted === undefined) throw new AppError('INVALID_REQUEST', { 'heart-beat': '두 개의 숫자여야 합니다.' })
  if (Number(wanted) === 0) return 0
  const agreed = Math.min(Math.max(Number(wanted), offeredBeatMs.send), longestMs)
  return agreed - (agreed % stepMs)
}

type Beat = { topic: string; members: number; timer: NodeJS.Timeout }

export class HeartBeats {
  readonly #publish: (topic: string, text: string) => void
  readonly #beats = new Map<string, Beat>()

  constructor(publish: (topic: string, text: string) => void) {
    this.#publish = publish
  }

  /** The topic to join for beats of this kind. Call `leave` with it once per `join`. */
  join(framing: Framing, intervalMs: number): string {
    const topic = `beat/${framing}/${intervalMs}`
    const beat = this.#beats.get(topic) ?? this.#start(topic, frameText(framing, '\n'), intervalMs)
    beat.members += 1
    // The one text for all: each call has made its own.
    return beat.topic
  }

  leave(topic: string): void {
    const beat = this.#beats.get(topic)
    if (beat === undefined) return
    beat.members -= 1
    if (beat.members > 0) return
    clearInterval(beat.timer)
    this.#beats.delete(topic)
  }

  #start(topic: string, text: string, intervalMs: number): Beat {
    const beat = { topic, members: 0, timer: setInterval(() => this.#publish(topic, text), intervalMs) }
    this.#beats.set(topic, beat)
    return beat
  }
}
