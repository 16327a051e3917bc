/** Sets of addresses, which addresses count as one, and whom a connection stands for when proxies stand between. */
import { BlockList, isIP } from 'node:net'
import * as v from 'valibot'
import { List } from './config.ts'

export type Networks = BlockList

/** This machine is always in it: whoever can call us from here could as well be us. */
const ownMachine = ['127.0.0.0/8', '::1']
const bits = { ipv4: 32, ipv6: 128 } as const

/** An environment variable: a comma-separated list of networks. */
export const NetworkList = v.pipe(
  List,
  v.check((texts) => texts.every(isNetwork), 'must list addresses or networks such as 10.0.0.0/8'),
  v.transform((texts) => createNetworks(texts)),
)

/** @param networks as `isNetwork` accepts them */
export function createNetworks(networks: readonly string[]): Networks {
  const list = new BlockList()
  for (const network of [...ownMachine, ...networks]) {
    const [address = '', prefix] = network.split('/')
    const family = familyOf(address)
    list.addSubnet(address, Number(prefix ?? bits[family]), family)
  }
  return list
}

/** An address, or one with a prefix length: `10.0.0.0/8`, `fd00::/8`, `192.0.2.1`. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  if (isIP(address) === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits[familyOf(address)])
}

export function isIn(networks: Networks, address: string): boolean {
  return isIP(address) !== 0 && networks.check(address, familyOf(address))
}

/**
 * Who calls, as limits count: an IPv4 address, or the IPv6 network of one subscriber. `peer` holds the other end of the
 * connection. Each proxy appends whom it was called by to `forwardedFor` (`X-Forwarded-For`), so that the list is read
 * from its end, and only as far as proxies of ours wrote it: what stands further left was sent by the client and may be
 * anything.
 */
export function callerOf(peer: string, forwardedFor: string | undefined, trusted: Networks): string {
  const claims = forwardedFor?.split(',') ?? []
  let address = plain(peer)
  while (isIn(trusted, address)) {
    const claim = plain(claims.pop()?.trim() ?? '')
    if (isIP(claim) === 0) break
    address = claim
  }
  return subscriberOf(address)
}

/** An IPv4 address that a dual-stack socket shows as IPv6 (RFC 4291 section 2.5.5.2) is an IPv4 address. */
function plain(address: string): string {
  const mapped = address.toLowerCase().replace(/^::ffff:(?=[\d.]+$)/, '')
  return mapped.split('%', 1)[0] ?? mapped
}

/** Whom a limit is for: an IPv4 address, or the /64 of an IPv6 address, all of which is one subscriber's (RFC 6177). */
function subscriberOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail = ''] = address.split('::')
  const [left, right] = [groups(head), groups(tail)]
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right]
  return `${all.slice(0, 4).join(':')}::/64`
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16).toString(16))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}
