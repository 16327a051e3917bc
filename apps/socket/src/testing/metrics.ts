/** What an instance counts, as a scraper sees it. */
import type { TestApp } from '@mopl/infrastructure/testing'

/** The value of the sample whose line begins with `name` and, if given, has this label; 0 when there is none. */
export async function metricOf({ url }: Pick<TestApp, 'url'>, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${url}/actuator/prometheus`)).text()
  const line = text.split('\n').find((each) => each.startsWith(name) && each.includes(label))
  return Number(line?.split(' ').at(-1) ?? 0)
}
