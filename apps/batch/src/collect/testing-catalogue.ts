/** For tests: servers that answer in the shape of the real ones, and with the faults that real ones have. */
/** What a request gets instead of its answer, each once, in order. */
export type Fault = () => Response | Promise<Response>

export type Catalogue = {
  url: string
  /** Path and query of every request so far. */
  requests: string[]
  headers: Headers[]
  /** The next requests whose path and query contain `part` get these instead. */
  fail(part: string, ...faults: Fault[]): void
  close(): Promise<void>
}

export function startCatalogue(answer: (url: URL) => unknown): Catalogue {
  const requests: string[] = []
  const headers: Headers[] = []
  const faults: { part: string; fault: Fault }[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const url = new URL(request.url)
      const asked = url.pathname + url.search
      requests.push(asked)
      headers.push(request.headers)
      const index = faults.findIndex(({ part }) => asked.includes(part))
      if (index !== -1) {
        const [planned] = faults.splice(index, 1)
        if (planned !== undefined) return planned.fault()
      }
      const body = answer(url)
      if (body instanceof Response) return body
      return body === undefined ? Response.json({ status_code: 34 }, { status: 404 }) : Response.json(body)
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    requests,
    headers,
    fail: (part, ...planned) => faults.push(...planned.map((fault) => ({ part, fault }))),
    close: () => server.stop(true),
  }
}

/** The faults, by what goes wrong. */
export const faults = {
  status:
    (status: number, headers: Record<string, string> = {}): Fault =>
    () =>
      Response.json({ status_code: 25, status_message: 'no' }, { status, headers }),
  truncatedJson: (): Response => new Response('{"page":1,"results":[{"id":1,"titl', { headers: jsonType }),
  otherJson: (): Response => Response.json({ success: true }),
  silence: (): Promise<Response> => new Promise(() => undefined),
} as const

const jsonType = { 'content-type': 'application/json;charset=utf-8' }

/** The smallest thing that begins as a PNG does. */
export function aPicture(): Response {
  return new Response(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0), {
    headers: { 'content-type': 'image/png' },
  })
}

/** An entry of TMDB's `results`, a movie's; a series has `name` and `first_air_date` in place of the titles. */
export function aMovie(id: number, changes: Record<string, unknown> = {}) {
  return {
    adult: false,
    backdrop_path: '/hiKmpZMGZsrkA3cdce8a7Dpos1j.jpg',
    genre_ids: [35, 18],
    id,
    original_language: 'ko',
    original_title: '기생충',
    overview: '전원 백수로 살 길 막막하지만 사이는 좋은 기택 가족.',
    popularity: 81.6,
    poster_path: `/poster-${id}.jpg`,
    release_date: '2019-05-30',
    title: `영화 ${id}`,
    video: false,
    vote_average: 8.5,
    vote_count: 18_000,
    ...changes,
  }
}

export function aSeries(id: number) {
  const { title: _, original_title: __, release_date: ___, video: ____, ...shared } = aMovie(id)
  return {
    ...shared,
    name: `시리즈 ${id}`,
    original_name: '오징어 게임',
    first_air_date: '2021-09-17',
    origin_country: ['KR'],
  }
}

/** TMDB with these pages of movies and of series; later pages are empty, as there. */
export function startTmdb(pages: { movie: unknown[][]; tv: unknown[][] }): Catalogue {
  const genres = [
    { id: 35, name: '코미디' },
    { id: 18, name: '드라마' },
  ]
  return startCatalogue(({ pathname, searchParams }) => {
    if (pathname.startsWith('/t/p/w500/')) return aPicture()
    const [, version, question, kind] = pathname.split('/')
    if (version !== '3' || (kind !== 'movie' && kind !== 'tv')) return undefined
    if (question === 'genre') return { genres }
    const page = Number(searchParams.get('page'))
    const total_results = pages[kind].flat().length
    return { page, results: pages[kind][page - 1] ?? [], total_pages: pages[kind].length, total_results }
  })
}

/** An entry of TheSportsDB's `events`: every value is a string or null. */
export function aMatch(id: string, changes: Record<string, unknown> = {}) {
  return {
    idEvent: id,
    idAPIfootball: '1379231',
    strEvent: 'Ulsan HD vs Jeonbuk Motors',
    strEventAlternate: 'Jeonbuk Motors @ Ulsan HD',
    strFilename: 'South Korean K League 1 2026-03-01 Ulsan HD vs Jeonbuk Motors',
    strSport: 'Soccer',
    idLeague: '4689',
    strLeague: 'South Korean K League 1',
    strSeason: '2026',
    strDescriptionEN: '',
    strHomeTeam: 'Ulsan HD',
    strAwayTeam: 'Jeonbuk Motors',
    intHomeScore: null,
    intRound: '1',
    intAwayScore: null,
    strTimestamp: '2026-03-01T05:00:00',
    dateEvent: '2026-03-01',
    strTime: '05:00:00',
    strVenue: 'Ulsan Munsu Football Stadium',
    strCountry: 'South Korea',
    strPoster: null,
    strThumb: null,
    strVideo: '',
    strStatus: 'NS',
    strPostponed: 'no',
    strLocked: 'unlocked',
    ...changes,
  }
}

/** TheSportsDB with these matches by `<day>/<league>`; a day without one is `null`, as there. */
export function startSportsDb(key: string, matches: Record<string, unknown[]>): Catalogue {
  return startCatalogue(({ pathname, searchParams }) => {
    if (pathname.startsWith('/media/')) return aPicture()
    if (pathname !== `/api/v1/json/${key}/eventsday.php`) return undefined
    return { events: matches[`${searchParams.get('d')}/${searchParams.get('l')}`] ?? null }
  })
}
