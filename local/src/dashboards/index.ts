/** Every dashboard, by the name of its file in `grafana/dashboards/`. */
import { api } from './api.ts'
import { batch } from './batch.ts'
import { type Dashboard, toGrafana } from './dashboard.ts'
import { events } from './events.ts'
import { overview } from './overview.ts'
import { realTime } from './real-time.ts'

export const dashboards: Record<string, Dashboard> = { overview, api, 'real-time': realTime, events, batch }

/** The text of a dashboard's file. */
export function rendered(dashboard: Dashboard): string {
  return `${JSON.stringify(toGrafana(dashboard), null, 2)}\n`
}
