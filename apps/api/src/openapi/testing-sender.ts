/** Sends a random request as one of the world's people. */
import type { Answer, Body, Person, TestApi } from '../testing.ts'
import type { RandomBody, RandomRequest } from './testing-requests.ts'
import { Existing } from './testing-values.ts'
import type { World } from './testing-world.ts'

const csrfToken = 'a-token-of-the-random-requests'
/** The first bytes of every PNG, and no picture. */
const png = new Blob([new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3])], { type: 'image/png' })

export function sender(api: TestApi, world: World) {
  return async (request: RandomRequest): Promise<Answer> => {
    const person = request.who === 'nobody' ? undefined : world.people[request.who]
    const settle = settling(world, person ?? world.people.stranger)
    const body = request.method === 'GET' || request.method === 'HEAD' ? undefined : bodyFrom(request.body, settle)
    const headers = headersOf(request, person?.refreshToken ?? 'none')
    const answer = await api.call(request.method, pathOf(request, settle), {
      ...(person !== undefined && { token: person.token }),
      ...(body !== undefined && { body }),
      headers: { ...(request.body?.type?.startsWith('multipart') !== true && typeOf(request.body)), ...headers },
    })
    world.remember(request.path, answer.status === 201 ? answer.body : undefined)
    if (person !== undefined && (answer.status === 401 || endsSessions(request.path))) await world.revive(person)
    return answer
  }
}

type Settle = (value: unknown) => unknown

/** With what exists in the place of what stands for it. */
function settling(world: World, person: Person): Settle {
  return function settle(value: unknown): unknown {
    if (value instanceof Existing) return world.valueOf(value, person)
    if (Array.isArray(value)) return value.map(settle)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, settle(each)]))
  }
}

function pathOf({ path, parameters }: RandomRequest, settle: Settle): string {
  const places = parameters.filter((parameter) => parameter.in === 'path')
  const filled = places.reduce((path, { name, value }) => path.replace(`{${name}}`, () => segment(settle(value))), path)
  const query = parameters.filter((parameter) => parameter.in === 'query')
  const pairs = query.flatMap(({ name, value }) => [settle(value)].flat().map((each) => `${name}=${encoded(each)}`))
  return pairs.length === 0 ? filled : `${filled}?${pairs.join('&')}`
}

/** Never empty, and no dots alone: with those it would be another path. */
function segment(value: unknown): string {
  const text = encoded(value)
  return /^(\.|%2e){0,2}$/i.test(text) ? 'dots' : text
}

/** Half a surrogate pair cannot be encoded; through a Buffer it becomes what stands for it. */
function encoded(value: unknown): string {
  return encodeURIComponent(Buffer.from(textOf(value)).toString())
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function bodyFrom(body: RandomBody | undefined, settle: Settle): Body | undefined {
  if (body === undefined) return undefined
  if (body.raw) return String(body.value)
  const value = settle(body.value)
  if (body.type === 'multipart/form-data') return formOf(value, body.picture)
  if (body.type === 'application/json') return JSON.stringify(value) ?? ''
  const fields = Object.entries(value as object).map(([name, each]) => [name, textOf(each)])
  return new URLSearchParams(Object.fromEntries(fields)).toString()
}

function formOf(value: unknown, picture: RandomBody['picture']): FormData {
  const form = new FormData()
  form.set('request', new Blob([JSON.stringify(value) ?? ''], { type: 'application/json' }))
  for (const name of ['thumbnail', 'image']) {
    if (picture === 'png' || picture === 'twice') form.append(name, png, '../../a.png')
    if (picture === 'twice') form.append(name, png)
    if (picture === 'garbage') form.append(name, new Blob(['#!/bin/sh']), 'a.png')
    if (picture === 'empty') form.append(name, new Blob([]))
    if (picture === 'text') form.append(name, 'text')
  }
  return form
}

function typeOf(body: RandomBody | undefined): Record<string, string> {
  return body?.type === undefined ? {} : { 'content-type': body.type }
}

function headersOf({ cookies, headers }: RandomRequest, refreshToken: string): Record<string, string> {
  const csrf = { cookie: `XSRF-TOKEN=${csrfToken}`, 'x-xsrf-token': csrfToken }
  const sent = {
    none: {},
    csrf,
    'csrf without header': { cookie: csrf.cookie },
    refresh: { ...csrf, cookie: `${csrf.cookie}; REFRESH_TOKEN=${refreshToken}` },
    garbage: { cookie: 'XSRF-TOKEN=%; REFRESH_TOKEN=a.b.c; =; ;;' },
  }[cookies]
  return { ...Object.fromEntries(headers), ...sent }
}

function endsSessions(path: string): boolean {
  return path.startsWith('/api/auth/') || path.endsWith('/role') || path.endsWith('/locked')
}
