/** What a process has open, closed in reverse order. Node 20 lacks `AsyncDisposableStack`; this is the part of it we need. */
export type Disposable = {
  close(): Promise<void> | void
  /** Makes everything that waits for it fail at once, so that its users can be closed. */
  abandon?(): void
}

export class Resources {
  readonly #open: { name: string; resource: Disposable }[] = []

  /** Takes over `resource` and hands it back, so that opening and registering are one expression. */
  use<R extends Disposable>(name: string, resource: R): R {
    this.#open.push({ name, resource })
    return resource
  }

  defer(name: string, close: () => Promise<void> | void): void {
    this.use(name, { close })
  }

  /** Hurries `close`: nothing waits any longer for a server that does not answer. */
  abandon(): void {
    for (const { resource } of this.#open) resource.abandon?.()
  }

  /** Closes everything, last opened first. One failing does not keep the others open; failures are handed to `onError`. */
  async close(onError: (name: string, error: unknown) => void): Promise<void> {
    for (let last = this.#open.at(-1); last !== undefined; last = this.#open.at(-1)) {
      try {
        await last.resource.close()
      } catch (error) {
        onError(last.name, error)
      }
      this.#open.splice(this.#open.indexOf(last), 1)
    }
  }
}
