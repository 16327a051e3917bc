import { afterAll, expect, test } from 'bun:test'
import { openTestApi } from '../testing.ts'

const api = await openTestApi()
afterAll(() => api.close())

test('the document is public, and sent again only when it has changed', async () => {
  const first = await api.call('GET', '/api/openapi.json')
  expect(first).toMatchObject({ status: 200, body: { openapi: '3.1.0' } })
  const etag = first.headers.get('etag') ?? ''
  // Weak is what nginx makes of it when it compresses the document.
  for (const known of [etag, `W/${etag}`, `"other", W/${etag}`, '*']) {
    const again = await api.call('GET', '/api/openapi.json', { headers: { 'if-none-match': known } })
    expect(again).toMatchObject({ status: 304, body: '' })
  }
  const other = await api.call('GET', '/api/openapi.json', { headers: { 'if-none-match': 'W/"other"' } })
  expect(other.status).toBe(200)
})

test('the page has everything it needs from here, may load nothing from elsewhere, and its files set no cookie', async () => {
  const page = await api.call('GET', '/api/docs')
  expect(page.status).toBe(200)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
  const links = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link)
  const files = links.filter((link) => !link.startsWith('data:'))
  expect(files).toHaveLength(3)
  for (const file of files) {
    const { status, headers, body } = await api.call('GET', file)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^text\/(javascript|css)/)
    if (headers.get('cache-control')?.includes('public')) expect(headers.getSetCookie()).toEqual([])
    else expect(headers.get('cache-control')).toBe('private, no-cache')
    expect(String(body).length).toBeGreaterThan(100)
  }
})

test('what is not part of the page is 404', async () => {
  for (const path of ['/api/docs/', '/api/docs/index.html', '/api/docs/5.35.0/package.json', '/api/docs/5.35.0/..%2fx'])
    expect((await api.call('GET', path)).status).toBe(404)
})
