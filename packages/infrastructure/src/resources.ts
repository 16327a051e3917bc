/** What a process has open, closed in reverse order. Node 20 lacks `AsyncDisposableStack`; this is the part of it we need. */
export type Disposable = { close(): Promise<void> | void }

export class Resources {
  readonly #closers: { name: string; close: () => Promise<void> | void }[] = []

  /** Takes over `resource` and hands it back, so that opening and registering are one expression. */
  use<R extends Disposable>(name: string, resource: R): R {
    this.defer(name, () => resource.close())
    return resource
  }

  defer(name: string, close: () => Promise<void> | void): void {
    this.#closers.push({ name, close })
  }

  /** Closes everything, last opened first. One failing does not keep the others open; failures are handed to `onError`. */
  async close(onError: (name: string, error: unknown) => void): Promise<void> {
    for (let last = this.#closers.pop(); last !== undefined; last = this.#closers.pop()) {
      try {
        await last.close()
      } catch (error) {
        onError(last.name, error)
      }
    }
  }
}
