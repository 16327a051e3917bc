/** Lets through what is news: clients say on every keystroke that somebody is typing. */
import type { Visitor } from '../destinations.ts'

type Said = { isTyping: boolean; beganAtMs: number }

const everyMs = 1_000
const conversationsAtMost = 100

export class TypingPace {
  /** Goes with the connection. */
  readonly #said = new WeakMap<Visitor, Map<string, Said>>()

  /**
   * Whether to pass it on: a beginning at most once a second for each connection and conversation, an end only after a
   * beginning. `nowMs` of any clock that does not go back.
   */
  allows(visitor: Visitor, conversationId: string, isTyping: boolean, nowMs: number): boolean {
    const said = this.#of(visitor)
    const last = said.get(conversationId) ?? { isTyping: false, beganAtMs: -Infinity }
    if (isTyping ? nowMs - last.beganAtMs < everyMs : !last.isTyping) return false
    if (said.size >= conversationsAtMost) said.clear()
    said.set(conversationId, { isTyping, beganAtMs: isTyping ? nowMs : last.beganAtMs })
    return true
  }

  #of(visitor: Visitor): Map<string, Said> {
    const known = this.#said.get(visitor)
    if (known !== undefined) return known
    const said = new Map<string, Said>()
    this.#said.set(visitor, said)
    return said
  }
}
