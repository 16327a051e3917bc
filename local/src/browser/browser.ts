/** Headless Chromium of the system's packages, and pages of the gateway that run `visit.ts`. */
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { Visit } from './visit.ts'

export type VisitPage = {
  page: Page
  /** Calls a function of the page's `visit`. */
  call<K extends keyof Visit>(name: K, ...args: Parameters<Visit[K]>): Promise<Awaited<ReturnType<Visit[K]>>>
  reload(): Promise<void>
}

/** @throws {Error} when there is no `chromium` */
export function openBrowser(): Promise<Browser> {
  const executablePath = Bun.which('chromium')
  if (executablePath === null) throw new Error('chromium is not installed; bin/test installs it')
  // As root, as in most containers, Chromium has no sandbox.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

/** The gateway's own page, under its own content security policy, with `visit.ts` put into it. */
export async function openPage(browser: Browser, baseUrl: string): Promise<VisitPage> {
  const [page, script] = await Promise.all([browser.newPage(), bundle()])
  await page.goto(baseUrl)
  await page.evaluate(script)
  return {
    page,
    call: (name, ...args) =>
      page.evaluate(
        ([name, args]) => {
          const { visit } = globalThis as unknown as { visit: Record<string, (...args: unknown[]) => unknown> }
          return visit[name]?.(...args) as never
        },
        [name, args] as const,
      ),
    reload: async () => {
      await page.reload()
      await page.evaluate(script)
    },
  }
}

let bundled: Promise<string> | undefined

function bundle(): Promise<string> {
  bundled ??= Bun.build({
    entrypoints: [join(import.meta.dir, 'visit.ts')],
    target: 'browser',
    define: { global: 'globalThis', 'process.env.NODE_ENV': '"production"' },
  }).then(({ outputs: [script] }) => script?.text() ?? '')
  return bundled
}
