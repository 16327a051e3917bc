/** Walks through steps, prints each with its latency, and remembers them. */
export type Step = { journey: string; step: string; ms: number }

export class Guide {
  readonly steps: Step[] = []
  readonly #print: (line: string) => void
  #journey = ''

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  journey(title: string): void {
    this.#journey = title
    this.#print(`\n${title}`)
  }

  /** Does one step. A failing one ends the tour; its error says which step it was. */
  async step<T>(title: string, act: () => Promise<T>): Promise<T> {
    const start = performance.now()
    try {
      const result = await act()
      const ms = performance.now() - start
      this.steps.push({ journey: this.#journey, step: title, ms })
      this.#print(`  ok  ${ms.toFixed(1).padStart(8)} ms  ${title}`)
      return result
    } catch (error) {
      this.#print(`  --  failed: ${title}`)
      throw new Error(`${this.#journey}: ${title}`, { cause: error })
    }
  }
}
