/** `bench/RESULTS.md`: one section per scenario, each replaced by the next run of that scenario and by nothing else. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const path = join(import.meta.dir, '../RESULTS.md')
const title = '# Results\n\nEvery section is written by the command it names.\n'

export type Section = { id: string; title: string; body: string }

export function writeSection(section: Section): void {
  writeFileSync(path, withSection(existsSync(path) ? readFileSync(path, 'utf8') : title, section))
}

/** The document with this section in the place of the one of the same id, or at the end. */
export function withSection(document: string, { id, title, body }: Section): string {
  const [begin, end] = [`<!-- begin ${id} -->`, `<!-- end ${id} -->`]
  const text = `${begin}\n## ${title}\n\n${body}\n${end}`
  const from = document.indexOf(begin)
  const to = document.indexOf(end)
  if (from < 0 || to < from) return `${document.trimEnd()}\n\n${text}\n`
  return document.slice(0, from) + text + document.slice(to + end.length)
}
