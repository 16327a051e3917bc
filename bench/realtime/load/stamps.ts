/**
 * The time a line was *due*, carried inside its text: whoever receives it knows the latency, including the time that a
 * late sender or a stalled server kept it waiting (no coordinated omission). Every stamp is one delivery, however
 * many of them a server puts into one write.
 */
const mark = '<due '
const markBytes = Buffer.from(mark)
const digits = 16

/** `text` is padded to `length` characters; none of them changes when it is quoted as JSON, even twice. */
export function stamped(dueMicros: number, length: number): string {
  return `${mark}${String(Math.round(dueMicros)).padStart(digits, '0')}>`.padEnd(length, '.')
}

/** Calls `onStamp` with the time in each stamp that ends before `end`, and returns how many there were. */
export function readStamps(bytes: Buffer, start: number, end: number, onStamp: (dueMicros: number) => void): number {
  let count = 0
  for (let at = bytes.indexOf(markBytes, start); at >= 0; at = bytes.indexOf(markBytes, at)) {
    at += mark.length
    if (at + digits >= end) break
    onStamp(readDigits(bytes, at, at + digits))
    count += 1
  }
  return count
}

/** The decimal number at `from`, up to `to` or the first byte that is no digit. */
export function readDigits(bytes: Buffer, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] ?? 0) - 48
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  return value
}
