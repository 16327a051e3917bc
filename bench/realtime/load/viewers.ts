/** Who the numbered viewers are: ids that every process of the bench works out alike, so that nobody hands out lists. */
const id = (kind: number, n: number) =>
  `01900000-0000-7${String(kind).padStart(3, '0')}-8000-${n.toString(16).padStart(12, '0')}`

export const userIdOf = (viewer: number) => id(1, viewer)
export const sessionIdOf = (viewer: number) => id(2, viewer)
export const nameOf = (viewer: number) => `Viewer ${String(viewer).padStart(6, '0')}`

/** Those who only send have numbers from here on; each receiver has a conversation with the sender this much above. */
export const firstSpeaker = 1_000_000
export const conversationIdOf = (viewer: number) => id(3, viewer % firstSpeaker)

/** The room that everybody is in. */
export const contentId = id(4, 1)

/** Signs the tokens of the bench's own servers, which live as long as the bench. */
export const jwtSecret = 'a secret of the benchmark and of nothing else'
