/** Topics for clients that no native topic reaches: those of the HTTP transports. */

type Listener = (text: string) => void

export class LocalTopics {
  readonly #topics = new Map<string, Set<Listener>>()

  join(topic: string, listener: Listener): void {
    const listeners = this.#topics.get(topic) ?? new Set()
    this.#topics.set(topic, listeners)
    listeners.add(listener)
  }

  leave(topic: string, listener: Listener): void {
    const listeners = this.#topics.get(topic)
    if (listeners?.delete(listener) && listeners.size === 0) this.#topics.delete(topic)
  }

  /** Costs one look-up where nobody is. */
  publish(topic: string, text: string): void {
    for (const listener of this.#topics.get(topic) ?? []) listener(text)
  }
}
