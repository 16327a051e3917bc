/** What the documents name is there. */
import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './bundles.ts'

const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'docs/data.md',
  'docs/runbook.md',
  'bench/README.md',
]
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }

test.each(documents)('%s names only files, links and scripts that exist', (document) => {
  const text = readFileSync(join(root, document), 'utf8')
  const paths = found(
    text,
    /`((?:apps|packages|local|bench|nginx|docs|prometheus|grafana|migrations|bin)\/[\w./-]*\w\/?)`/g,
  )
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
  const links = found(text, /\]\((?!https?:)([^)#]+)[^)]*\)/g)
  expect(links.filter((link) => !existsSync(join(root, dirname(document), link)))).toEqual([])
  const commands = found(text, /bun run (?:--silent )?([a-z]+(?:[:-][a-z-]+)*)/g)
  expect(commands.filter((command) => !Object.hasOwn(scripts, command))).toEqual([])
})

function found(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap(([, what]) => what ?? [])
}
