import { expect, test } from 'bun:test'
import { Hono } from 'hono'
import { createRouter } from './router.ts'

const app = new Hono({ router: createRouter() })
  .use(async (c, next) => {
    await next()
    c.header('X-Layer', 'passed')
  })
  .get('/reviews', (c) => c.text('list'))
  .post('/reviews', (c) => c.text('create'))
  .get('/reviews/mine', (c) => c.text('mine'))
  .get('/reviews/:id', (c) => c.text(`one: ${c.req.param('id')}`))

test('a request leads to the same layers the second time as the first, and to no other’s', async () => {
  const answers = [
    ['GET', '/reviews', 'list'],
    ['POST', '/reviews', 'create'],
    ['DELETE', '/reviews', '404 Not Found'],
    ['GET', '/reviews/mine', 'mine'],
    ['GET', '/reviews/1', 'one: 1'],
    ['GET', '/reviews/2', 'one: 2'],
    ['GET', '/reviews/:id', 'one: :id'],
    ['GET', '/reviews/3', 'one: 3'],
    ['GET', '/*', '404 Not Found'],
    ['GET', '/nothing', '404 Not Found'],
  ] as const
  for (const [method, path, text] of [...answers, ...answers]) {
    const response = await app.request(path, { method })
    expect([method, path, await response.text(), response.headers.get('x-layer')]).toEqual([
      method,
      path,
      text,
      'passed',
    ])
  }
})
