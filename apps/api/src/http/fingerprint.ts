/** Telling one validated body from another without keeping either. */
import { createHmac, hkdfSync } from 'node:crypto'

/** The same for equal values, whatever the order of their fields; files count by their bytes. */
export type Fingerprint = (value: unknown) => Promise<string>

/** Keyed, so that whoever reads the database cannot try out which password a sign-up had. */
export function createFingerprint(secret: string): Fingerprint {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'mopl idempotency fingerprint', 32))
  return async (value) => {
    const mac = createHmac('sha256', key)
    await feed(value, (part) => mac.update(part))
    return mac.digest('base64url')
  }
}

async function feed(value: unknown, write: (part: string | Uint8Array) => void): Promise<void> {
  if (value instanceof Blob) {
    write(`file ${value.size} `)
    write(new Uint8Array(await value.arrayBuffer()))
  } else if (Array.isArray(value)) {
    write(`[${value.length}`)
    for (const item of value) await feed(item, write)
  } else if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined)
    write(`{${fields.length}`)
    for (const [name, field] of fields.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      write(JSON.stringify(name))
      await feed(field, write)
    }
  } else write(`${JSON.stringify(value) ?? 'none'} `)
}
