/** Test equipment: an OpenID provider on this machine, which signs in whom it is told to, and a browser that follows it. */
import { freePort } from '@mopl/infrastructure/testing'
import { type Configuration, Provider } from 'oidc-provider'

export type Person = { id: string; name: string; email?: string; emailVerified?: boolean }

export type TestProvider = {
  issuer: string
  /** Who sits at the keyboard from now on; `undefined` refuses. */
  person: Person | undefined
  close(): Promise<void>
}

type Options = { clientId: string; clientSecret: string; redirectUri: string; routes?: Configuration['routes'] }

/** Signs in and consents by itself where a person would have to click. */
export async function startProvider({ clientId, clientSecret, redirectUri, routes }: Options): Promise<TestProvider> {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const known = new Map<string, Person>()
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    ...(routes && { routes }),
    scopes: ['openid', 'email', 'profile', 'profile_nickname'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    pkce: { required: () => true },
    cookies: { keys: ['a key of the tests'] },
    findAccount: (_ctx, id) => {
      const { name, email, emailVerified = true } = known.get(id) ?? { name: '' }
      return { accountId: id, claims: () => ({ sub: id, name, email, email_verified: emailVerified }) }
    },
    async loadExistingGrant(ctx) {
      const { client, session } = ctx.oidc
      if (client === undefined || session?.accountId === undefined) return undefined
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
      grant.addOIDCScope('openid email profile profile_nickname')
      await grant.save()
      return grant
    },
  })
  const self: TestProvider = { issuer, person: undefined, close: () => Promise.resolve() }
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) {
      await next()
      return
    }
    const { person } = self
    if (person !== undefined) known.set(person.id, person)
    const result = person === undefined ? { error: 'access_denied' } : { login: { accountId: person.id } }
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result))
  })
  const server = provider.listen(port, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  self.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return self
}

/** Follows redirects as a browser does, cookies included, until it is sent to `until`; answers that address. */
export async function follow(start: string, until: string): Promise<string> {
  const cookies = new Map<string, string>()
  let url = start
  for (let hops = 0; hops < 10; hops++) {
    if (url.startsWith(until)) return url
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) throw new Error(`stuck at ${url}: ${response.status} ${await response.text()}`)
    url = new URL(location, url).href
  }
  throw new Error('redirected for ever')
}
