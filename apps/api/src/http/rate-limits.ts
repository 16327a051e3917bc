/** How often what may be tried. Only what is public and costs us, or gives somebody a guess, is limited. */

/** `requests` at once, and as many again spread over `seconds`. */
export type RateLimit = { requests: number; seconds: number }
export type RateLimitName = keyof typeof defaultRateLimits
export type RateLimits = Record<RateLimitName, RateLimit>

/** Those per address leave room for an office behind one address. */
export const defaultRateLimits = {
  signInPerAddress: { requests: 300, seconds: 60 },
  /** Wrong passwords for one account, from one address: nobody can lock somebody else out from afar. */
  signInPerAccountAndAddress: { requests: 10, seconds: 60 },
  /** Wrong passwords for one account from anywhere: a guess from many addresses has an end too. */
  signInPerAccount: { requests: 200, seconds: 3_600 },
  signUpPerAddress: { requests: 300, seconds: 300 },
  refreshPerAddress: { requests: 600, seconds: 60 },
  /** Per device, whose id only its owner knows: with the account's, anybody could use up somebody else's. */
  refreshPerDevice: { requests: 30, seconds: 60 },
  socialSignInPerAddress: { requests: 120, seconds: 60 },
  /** Hard, because the answer tells whether an e-mail has an account, and the mail annoys whoever gets it. */
  resetPerAddress: { requests: 30, seconds: 3_600 },
  resetPerAccount: { requests: 3, seconds: 900 },
} satisfies Record<string, RateLimit>

export const rateLimitNames = Object.keys(defaultRateLimits) as RateLimitName[]

const pattern = /^(\w+)=([1-9]\d{0,8})\/([1-9]\d{0,5})$/

/** `name=requests/seconds` */
export function isRateLimit(text: string): boolean {
  return Object.hasOwn(defaultRateLimits, pattern.exec(text)?.[1] ?? '')
}

/** The defaults, with what `texts` say instead. @param texts as `isRateLimit` accepts them */
export function rateLimitsWith(texts: readonly string[]): RateLimits {
  const changes = texts.map((text) => {
    const [, name = '', requests, seconds] = pattern.exec(text) ?? []
    return [name, { requests: Number(requests), seconds: Number(seconds) }] as const
  })
  return { ...defaultRateLimits, ...Object.fromEntries(changes) }
}
