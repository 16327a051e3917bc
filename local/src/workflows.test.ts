/** The workflows name what is there. What GitHub makes of them, actionlint says: the same linter that their own job runs. */
import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lintWorkflow } from './actionlint.ts'
import { root } from './bundles.ts'

type Step = { uses?: string; run?: string; with?: Record<string, string> }
type Job = { needs?: string; strategy?: { matrix: { app: string[] } }; steps?: Step[] }
type Workflow = { jobs: Record<string, Job> }

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const parse = (name: string) => Bun.YAML.parse(read(`.github/workflows/${name}.yml`)) as Workflow
const [check, deploy] = [parse('check'), parse('deploy')]
const dockerfile = read('Dockerfile')

describe('actionlint', () => {
  test.each(['check', 'deploy'])('has nothing to say about %s.yml', async (name) => {
    expect(await lintWorkflow(`${name}.yml`, read(`.github/workflows/${name}.yml`))).toEqual([])
  })

  test('would say what is wrong', async () => {
    const wrong = read('.github/workflows/deploy.yml').replace('needs: images', 'needs: image')
    expect(await lintWorkflow('deploy.yml', wrong)).toEqual([
      expect.stringContaining('needs job "image" which does not exist in this workflow'),
    ])
  })
})

describe('pull requests', () => {
  const steps = check.jobs['check']?.steps ?? []

  test('run what one runs oneself', () => {
    expect(steps.map((step) => step.run)).toContain('.ci/run')
    expect(existsSync(join(root, '.ci/run'))).toBe(true)
  })

  test('on the Node.js of the images', () => {
    const setUp = steps.find((step) => step.uses?.startsWith('actions/setup-node@'))
    expect(dockerfile).toContain(`ARG NODE_VERSION=${setUp?.with?.['node-version']}\n`)
  })

  test('with caches whose key changes with what is in them', () => {
    const key = steps.find((step) => step.uses?.startsWith('actions/cache@'))?.with?.['key'] ?? ''
    const files = [...key.matchAll(/'([^']+)'/g)].map(([, file]) => file ?? '')
    expect(files).not.toBeEmpty()
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })
})

describe('a deployment', () => {
  const images = deploy.jobs['images']?.strategy?.matrix.app ?? []

  test('builds every image of the Dockerfile that runs', () => {
    for (const image of images) expect(dockerfile).toMatch(new RegExp(`^FROM \\S+ AS ${image}$`, 'm'))
    const announced = /--target (\S+)/.exec(dockerfile)?.[1]?.split('|')
    expect(images.toSorted()).toEqual((announced ?? []).toSorted())
  })

  test('is checked first, migrates before it replaces, and replaces every service', () => {
    const needs = Object.fromEntries(Object.entries(deploy.jobs).map(([name, job]) => [name, job.needs]))
    expect(needs).toEqual({ check: undefined, images: 'check', migrate: 'images', services: 'migrate' })
    const services = deploy.jobs['services']?.strategy?.matrix.app ?? []
    expect([...services, 'migrate'].toSorted()).toEqual(images.toSorted())
  })

  test('keeps no key of AWS', () => {
    expect(read('.github/workflows/deploy.yml')).not.toMatch(/secrets\.|aws-access-key-id/)
  })
})
