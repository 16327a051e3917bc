/** Tables for people: the same rows on a terminal and in Markdown. */
export type Table = { columns: readonly string[]; rows: readonly (readonly string[])[] }

/** A Markdown table whose columns line up, so that it reads as well unrendered. Numbers stand to the right. */
export function formatTable({ columns, rows }: Table): string {
  const widths = columns.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0), 3))
  const toTheRight = columns.map((_, column) => rows.every((row) => /^[\d./() -]*( lost\))?$/.test(row[column] ?? '')))
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => pad(cells[column] ?? '', width, toTheRight[column] ?? false)).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (toTheRight[column] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`
  return [line(columns), rule, ...rows.map(line)].join('\n')
}

function pad(text: string, width: number, toTheRight: boolean): string {
  return toTheRight ? text.padStart(width) : text.padEnd(width)
}

/** A number as it stands in a cell; what could not be measured is a dash. */
export function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '-'
}
