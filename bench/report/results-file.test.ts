import { expect, test } from 'bun:test'
import { withSection } from './results-file.ts'

const section = (id: string, body: string) => ({ id, title: `Title of ${id}`, body })

test('a new section goes to the end', () => {
  const document = withSection(withSection('# Results\n', section('a', 'first')), section('b', 'second'))
  expect(document.indexOf('first')).toBeLessThan(document.indexOf('second'))
})

test('a section that is there is replaced, and nothing else is touched', () => {
  const before = ['a', 'b', 'c'].reduce(
    (document, id) => withSection(document, section(id, `old ${id}`)),
    '# Results\n',
  )
  expect(withSection(before, section('b', 'new b'))).toBe(before.replace('old b', 'new b'))
})
