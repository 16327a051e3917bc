/** What a run changed so far, by kind. Kept outside the job, so that an interrupted or failed run can still tell. */
export type Counts = Record<string, number>

/** One thing in words and numbers: an index and its sizes, a number that had drifted. */
export type Detail = Record<string, string | number | boolean>

export type TallyListener = (kind: string, done: number, total: number) => void

const mostDetails = 100

export class Tally {
  readonly counts: Counts = {}
  /** The first hundred; the counts have them all. */
  readonly details: Detail[] = []
  readonly #onChange: TallyListener
  #kind = ''
  #total = 0

  constructor(onChange: TallyListener = () => undefined) {
    this.#onChange = onChange
  }

  /** The run turns to `kind`, of which there were `total` when it looked. */
  begin(kind: string, total: number): void {
    this.#kind = kind
    this.#total = total
    this.counts[kind] = 0
    this.#onChange(kind, 0, total)
  }

  add(count: number): void {
    this.count(this.#kind, count)
    this.#onChange(this.#kind, this.counts[this.#kind] ?? 0, this.#total)
  }

  /** Something else that happened on the way. */
  count(kind: string, count: number): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + count
  }

  detail(detail: Detail): void {
    if (this.details.length < mostDetails) this.details.push(detail)
  }

  /** How far something is that is not counted. */
  show(what: string, done: number, total: number): void {
    this.#onChange(what, done, total)
  }
}
