/** How the tool prints: a table for a person, plain lines for a pipe, JSON for a script. */
import { ownHeaders } from '../dlq.ts'
import type { Command } from './command.ts'
import type { DeadLetter } from './letter.ts'

export type Form = 'terminal' | 'plain' | 'json'

export function formOf({ json }: Pick<Command, 'json'>, isTerminal: boolean): Form {
  if (json) return 'json'
  return isTerminal ? 'terminal' : 'plain'
}

/** One line per letter; on a terminal below a line of titles. */
export function listLines(letters: readonly DeadLetter[], form: Form): string[] {
  if (form === 'json') return letters.map((letter) => JSON.stringify(toJson(letter)))
  const rows = letters.map(({ id, diedAt, type, message, attempts, error }) =>
    [id, isoOf(diedAt), type || '-', message.key || '-', String(attempts), error || '-'].map(printable),
  )
  if (form === 'plain') return rows.map((row) => row.join('\t'))
  if (rows.length === 0) return []
  const table = [['id', 'died at', 'type', 'key', 'attempts', 'error'], ...rows]
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? []
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

export function showLines(letter: DeadLetter, form: Form): string[] {
  if (form === 'json') return [JSON.stringify({ ...toJson(letter), value: letter.message.value.toString() })]
  const { id, topic, group, attempts, diedAt, error, message } = letter
  const facts = { topic, group, 'died at': isoOf(diedAt), attempts: String(attempts), error, key: message.key }
  const lines = [...Object.entries(facts), ...Object.entries(ownHeaders(message))]
  return [
    id,
    ...lines.map(([name, value]) => `  ${printable(`${name.padEnd(9)} ${value}`)}`),
    ...valueLines(message.value),
  ]
}

/** A JSON value is spread over lines; anything else is shown as it is. */
function valueLines(value: Buffer): string[] {
  const text = value.toString()
  return indented(text).map((line) => `  ${printable(line)}`)
}

function indented(text: string): string[] {
  try {
    return JSON.stringify(JSON.parse(text), null, 2).split('\n')
  } catch (error) {
    if (error instanceof SyntaxError) return text.split('\n')
    throw error
  }
}

function toJson({ id, topic, group, diedAt, attempts, error, eventId, type, message }: DeadLetter) {
  const { key, headers } = message
  return { id, topic, group, diedAt: isoOf(diedAt), attempts, error, eventId, type, key, headers }
}

function isoOf(time: Date): string {
  return Number.isNaN(time.getTime()) ? '-' : time.toISOString()
}

/** Whoever made the letter does not write control sequences to an operator's terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
