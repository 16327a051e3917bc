/** Grafana's dashboards are made from a few words about each panel: what it asks, and in which unit the answer is. */

/** A row is 24 wide. `queries` is legend -> expression. */
export type Panel = {
  title: string
  /** What the title does not say; a runbook paragraph where an alert looks at the same thing. */
  description?: string
  /** One number instead of a line over time. */
  isStat?: boolean
  unit: 'none' | 's' | 'reqps' | 'ops' | 'bytes' | 'percentunit' | 'dateTimeFromNow'
  width: 6 | 8 | 12 | 24
  queries: Record<string, string>
}

export type Dashboard = { uid: string; title: string; rows: { title: string; panels: Panel[] }[] }

const datasource = { type: 'prometheus', uid: 'prometheus' }
const heights = { row: 1, stat: 5, timeseries: 8 } as const

/** What provisioning reads. @see https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
export function toGrafana({ uid, title, rows }: Dashboard) {
  return {
    uid,
    title,
    tags: ['mopl'],
    timezone: 'Asia/Seoul',
    schemaVersion: 39,
    version: 1,
    editable: false,
    refresh: '15s',
    time: { from: 'now-1h', to: 'now' },
    // The other dashboards, in the head of each.
    links: [{ type: 'dashboards', title: 'Mopl', tags: ['mopl'], asDropdown: false, keepTime: true }],
    templating: { list: [] },
    annotations: { list: [] },
    panels: laidOut(rows).map((panel, index) => Object.assign({ id: index + 1 }, panel)),
  }
}

/** From left to right, and into the next line where one is full. */
function laidOut(rows: Dashboard['rows']) {
  let y = 0
  return rows.flatMap(({ title, panels }) => {
    const head = { type: 'row', title, collapsed: false, gridPos: { h: heights.row, w: 24, x: 0, y }, panels: [] }
    y += heights.row
    let x = 0
    let lineHeight = 0
    const placed = panels.map((panel) => {
      if (x + panel.width > 24) [x, y, lineHeight] = [0, y + lineHeight, 0]
      const height = panel.isStat === true ? heights.stat : heights.timeseries
      const gridPos = { h: height, w: panel.width, x, y }
      x += panel.width
      lineHeight = Math.max(lineHeight, height)
      return { ...shown(panel), gridPos }
    })
    y += lineHeight
    return [head, ...placed]
  })
}

function shown({ title, description, isStat = false, unit, queries }: Panel) {
  const lines = { custom: { lineWidth: 1, fillOpacity: 10, showPoints: 'never' } }
  return {
    type: isStat ? 'stat' : 'timeseries',
    title,
    ...(description === undefined ? {} : { description }),
    datasource,
    fieldConfig: { defaults: { unit, min: 0, ...(isStat ? {} : lines) }, overrides: [] },
    options: isStat
      ? { colorMode: 'value', graphMode: 'area', reduceOptions: { calcs: ['lastNotNull'] } }
      : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: Object.entries(queries).map(([legendFormat, expr], index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource,
      expr,
      legendFormat,
    })),
  }
}

/** Per second, over as long as the resolution of the picture needs. */
export function rate(counter: string): string {
  return `rate(${counter}[$__rate_interval])`
}

/** The share `q` of a histogram's observations is below this. `by` keeps labels apart. */
export function quantile(q: number, histogram: string, ...by: string[]): string {
  return `histogram_quantile(${q}, sum by (${['le', ...by].join(', ')}) (${rate(`${histogram}_bucket`)}))`
}
