/** How far it is: a bar that is drawn over and over on a terminal, now and then a line elsewhere. */
export type Screen = { isTTY?: boolean; write(text: string): unknown }

const redrawMs = 100
const lineMs = 5_000
const barWidth = 30

export function openProgress(
  screen: Screen,
  total: number,
  clock: () => number = () => performance.now(),
): { show(done: number): void; clear(): void } {
  const isTerminal = screen.isTTY === true
  const startedAt = clock()
  let shownAt = isTerminal ? Number.NEGATIVE_INFINITY : startedAt
  return {
    show(done) {
      const now = clock()
      if (now - shownAt < (isTerminal ? redrawMs : lineMs)) return
      shownAt = now
      const line = progressLine(done, total, (now - startedAt) / 1_000)
      screen.write(isTerminal ? `\r\x1b[K${bar(done, total)} ${line}` : `${line}\n`)
    },
    clear() {
      if (isTerminal) screen.write('\r\x1b[K')
    },
  }
}

/** `3,000 of 12,000 (25 %), 100/s, 90 s left` */
export function progressLine(done: number, total: number, seconds: number): string {
  const rate = seconds > 0 ? done / seconds : 0
  const left = total > done && rate > 0 ? `, ${grouped(Math.ceil((total - done) / rate))} s left` : ''
  return `${grouped(done)} of ${grouped(total)} (${Math.floor((done / total) * 100)} %), ${grouped(Math.round(rate))}/s${left}`
}

function bar(done: number, total: number): string {
  const filled = Math.floor((done / total) * barWidth)
  return `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}]`
}

function grouped(value: number): string {
  return value.toLocaleString('en-US')
}
