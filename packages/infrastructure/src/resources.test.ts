import { expect, test } from 'bun:test'
import { Resources } from './resources.ts'

test('what was opened last is closed first, and a failure keeps nothing else open', async () => {
  const resources = new Resources()
  const closed: string[] = []
  const failures: string[] = []
  resources.use('database', { close: () => void closed.push('database') })
  resources.defer('broken', () => Promise.reject(new Error('no')))
  resources.use('server', {
    async close() {
      await Promise.resolve()
      closed.push('server')
    },
  })
  await resources.close((name, error) => failures.push(`${name}: ${String(error)}`))
  expect(closed).toEqual(['server', 'database'])
  expect(failures).toEqual(['broken: Error: no'])
})

test('closing twice closes once', async () => {
  const resources = new Resources()
  let count = 0
  resources.defer('counter', () => void (count += 1))
  await resources.close(() => undefined)
  await resources.close(() => undefined)
  expect(count).toBe(1)
})

test('a resource is handed back as it is', () => {
  const resource = { name: 'pool', close: () => undefined }
  expect(new Resources().use('pool', resource)).toBe(resource)
})

test('closing that waits for somebody who does not answer is hurried by abandoning what is still open', async () => {
  const resources = new Resources()
  const answered = Promise.withResolvers<void>()
  resources.use('database', { close: () => undefined, abandon: () => answered.resolve() })
  resources.defer('relay', () => answered.promise)
  const closing = resources.close(() => undefined)
  resources.abandon()
  await closing
})
