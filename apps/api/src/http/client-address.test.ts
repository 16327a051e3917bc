import { describe, expect, test } from 'bun:test'
import { Hono } from 'hono'
import { clientAddress } from './client-address.ts'
import type { Env } from './env.ts'
import { createNetworks, isNetwork } from '@mopl/infrastructure/networks'

const trustedProxies = createNetworks(['10.0.0.0/8', 'fd00::/8'])
const app = new Hono<Env>().use(clientAddress({ trustedProxies })).get('/', (c) => c.text(c.var.clientAddress()))

async function seen(remoteAddress: string | undefined, forwardedFor?: string): Promise<string> {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
  return (await app.request('/', { headers }, { remoteAddress })).text()
}

describe('the client’s address', () => {
  test('is the connection’s own when no proxy stands between, whatever the client claims', async () => {
    expect(await seen('203.0.113.7')).toBe('203.0.113.7')
    expect(await seen('203.0.113.7', '198.51.100.1')).toBe('203.0.113.7')
  })

  test('is what our proxy says, and not what the client told the proxy', async () => {
    expect(await seen('10.1.2.3', '203.0.113.7')).toBe('203.0.113.7')
    expect(await seen('127.0.0.1', '198.51.100.1, 203.0.113.7')).toBe('203.0.113.7')
    expect(await seen('fd00::5', '198.51.100.1,203.0.113.7 , 10.9.9.9')).toBe('203.0.113.7')
  })

  test('is the last proxy’s when it says nothing that could be an address', async () => {
    expect(await seen('10.1.2.3')).toBe('10.1.2.3')
    for (const nonsense of ['', 'unknown', '203.0.113.7, <script>', '999.1.1.1', ','])
      expect(await seen('10.1.2.3', nonsense)).toBe('10.1.2.3')
  })

  test('is one for all IPv6 addresses of a subscriber, and for both notations of an IPv4 address', async () => {
    expect(await seen('2001:DB8:0:7:1:2:3:4')).toBe('2001:db8:0:7::/64')
    expect(await seen('2001:db8:0:7::9')).toBe('2001:db8:0:7::/64')
    expect(await seen('2001:db8::1')).toBe('2001:db8:0:0::/64')
    expect(await seen('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
    expect(await seen('::ffff:10.1.2.3', '::ffff:203.0.113.7')).toBe('203.0.113.7')
  })

  test('is nothing to rely on where the connection has none', async () => {
    expect(await seen(undefined, '203.0.113.7')).toBe('unknown')
  })
})

test.each(['10.0.0.0/8', '192.0.2.1', '::1', 'fd00::/8'])('%s is a network', (text) =>
  expect(isNetwork(text)).toBe(true),
)
test.each(['', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/8/8', 'fd00::/129', 'localhost', '::1/x'])('"%s" is none', (text) =>
  expect(isNetwork(text)).toBe(false),
)
