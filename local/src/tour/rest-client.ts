/** A REST client that behaves like the web client: a cookie jar, the CSRF header once there is a cookie, a Bearer token. */
export class RestClient {
  readonly baseUrl: string
  accessToken: string | undefined
  readonly #cookies = new Map<string, string>()

  constructor(baseUrl: string) {
    this.baseUrl = baseUrl
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)
  }

  /** @throws {Error} with method, path, status and body when the status is not `expected` */
  async call(method: string, path: string, expected: number, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.baseUrl}${path}`, {
      method,
      headers: this.#headers(body),
      body: encode(body),
      signal: AbortSignal.timeout(10_000),
    })
    this.#keepCookies(response)
    const text = await response.text()
    if (response.status !== expected)
      throw new Error(`${method} ${path}: ${response.status} instead of ${expected}: ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  #headers(body: unknown): Headers {
    const headers = new Headers()
    if (this.accessToken !== undefined) headers.set('authorization', `Bearer ${this.accessToken}`)
    if (this.#cookies.size > 0)
      headers.set('cookie', [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const csrf = this.#cookies.get('XSRF-TOKEN')
    if (csrf !== undefined) headers.set('x-xsrf-token', csrf)
    if (body !== undefined && !(body instanceof FormData) && !(body instanceof URLSearchParams)) {
      headers.set('content-type', 'application/json')
    }
    return headers
  }

  #keepCookies(response: Response): void {
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';')
      const at = pair.indexOf('=')
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
      if (value === '' || /max-age=0/i.test(cookie)) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
  }
}

function encode(body: unknown): FormData | URLSearchParams | string | null {
  if (body === undefined) return null
  if (body instanceof FormData || body instanceof URLSearchParams) return body
  return JSON.stringify(body)
}
