import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import * as v from 'valibot'
import type { LocalSecrets } from './apps.ts'
import { root } from './bundles.ts'

const Secrets = v.object({
  JWT_SECRET: v.string(),
  ADMIN_EMAIL: v.string(),
  ADMIN_PASSWORD: v.string(),
  ADMIN_NAME: v.string(),
})

/** The values of the committed `.env.local`, good for this machine only; the environment's own take precedence. */
export function readLocalSecrets(env: Record<string, string | undefined> = process.env): LocalSecrets {
  return v.parse(Secrets, { ...parseEnv(readFileSync(join(root, '.env.local'), 'utf8')), ...env })
}
