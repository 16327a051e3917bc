/** `bun run grafana:build`: writes `grafana/dashboards/` anew. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../bundles.ts'
import { dashboards, rendered } from './index.ts'

for (const [name, dashboard] of Object.entries(dashboards))
  writeFileSync(join(root, `grafana/dashboards/${name}.json`), rendered(dashboard))
