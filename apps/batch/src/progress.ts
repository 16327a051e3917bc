/** One line on a terminal that is written over and over: what, how far, how fast, how long still. Nothing elsewhere. */
import type { TallyListener } from './tally.ts'

export type Screen = { isTTY?: boolean; write(text: string): unknown }

const redrawMs = 100

export function terminalProgress(
  screen: Screen,
  clock: () => number = () => performance.now(),
): { show: TallyListener; clear(): void } {
  if (screen.isTTY !== true) return { show: () => undefined, clear: () => undefined }
  let kind = ''
  let begunAt = 0
  let drawnAt = Number.NEGATIVE_INFINITY
  return {
    show(next, done, total) {
      const now = clock()
      if (next !== kind) [kind, begunAt, drawnAt] = [next, now, Number.NEGATIVE_INFINITY]
      if (now - drawnAt < redrawMs) return
      drawnAt = now
      screen.write(`\r\x1b[K${progressLine(kind, done, total, (now - begunAt) / 1_000)}`)
    },
    clear: () => void screen.write('\r\x1b[K'),
  }
}

/** `read-notifications  [#####---------------] 3,000 of 12,000 (25 %), 1,500/s, 6 s left` */
export function progressLine(kind: string, done: number, total: number, seconds: number): string {
  const rate = seconds > 0 ? done / seconds : 0
  const share = total > 0 ? ` of ${grouped(total)} (${Math.floor((done / total) * 100)} %)` : ''
  const left = total > done && rate > 0 ? `, ${grouped(Math.ceil((total - done) / rate))} s left` : ''
  return `${kind}  ${total > 0 ? bar(done / total) : ''}${grouped(done)}${share}, ${grouped(Math.round(rate))}/s${left}`
}

const barCells = 20

/** A recount may find more than there was when it looked. */
function bar(share: number): string {
  const full = Math.min(barCells, Math.floor(share * barCells))
  return `[${'#'.repeat(full)}${'-'.repeat(barCells - full)}] `
}

function grouped(value: number): string {
  return value.toLocaleString('en-US')
}
