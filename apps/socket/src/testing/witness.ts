/** Somebody who is in every room, and keeps for each who is there from nothing but what is told. */
import type { ContentSummary, WatchMessage } from '@mopl/contracts/realtime'
import type { Person } from './setting.ts'
import { StompClient } from './stomp-client.ts'

/** session id -> userId: clients tell who is who by the session. */
export type Members = Map<string, string>

type Seen = { members: Members; watcherCount: number }

export class Witness {
  readonly person: Person
  readonly #client: StompClient
  readonly #rooms: readonly ContentSummary[]
  readonly #seen = new Map<string, Seen>()
  /** What must not happen: told twice, told of somebody unknown, a count that is not that of the list. */
  readonly complaints: string[] = []

  private constructor(client: StompClient, person: Person, rooms: readonly ContentSummary[]) {
    this.#client = client
    this.person = person
    this.#rooms = rooms
  }

  /** Enters all rooms while nothing else happens, and begins with the members there are. */
  static async enter(
    url: string,
    person: Person,
    rooms: readonly ContentSummary[],
    membersOf: (room: ContentSummary) => Promise<Members>,
  ): Promise<Witness> {
    const client = await StompClient.signIn(url, person.token)
    const witness = new Witness(client, person, rooms)
    for (const [number, room] of rooms.entries()) {
      await client.subscribe(`/sub/contents/${room.id}/watch`, String(number))
      await client.nextMessage(String(number))
      const members = await membersOf(room)
      witness.#seen.set(room.id, { members, watcherCount: members.size })
    }
    return witness
  }

  get isHere(): boolean {
    return this.#client.closed === undefined
  }

  close(): void {
    this.#client.drop()
  }

  seen({ id }: ContentSummary): Seen {
    return this.#seen.get(id) ?? { members: new Map(), watcherCount: 0 }
  }

  /**
   * Takes in what has come. After a flush sessions are registered again under their ids (R7): a JOIN of a session that is
   * known is no news then, and the count is that of the room being refilled. Nobody leaves twice even then.
   */
  listen({ isStrict }: { isStrict: boolean }): void {
    for (const { headers, body } of this.#client.frames.splice(0)) {
      const room = this.#rooms[Number(headers['subscription'])]
      if (room !== undefined) this.#take(this.seen(room), JSON.parse(body) as WatchMessage, isStrict)
    }
  }

  #take(seen: Seen, message: WatchMessage, isStrict: boolean): void {
    const { type, watchingSession, watcherCount, omitted } = message
    const { id, watcher } = watchingSession
    const isKnown = seen.members.has(id)
    if (type === 'JOIN') seen.members.set(id, watcher.userId)
    else seen.members.delete(id)
    seen.watcherCount = watcherCount
    const isNews = isKnown === (type === 'LEAVE')
    const isRight = isStrict
      ? isNews && omitted === undefined && watcherCount === seen.members.size
      : isNews || type === 'JOIN'
    if (!isRight) this.complaints.push(`${type} ${id}, known ${isKnown}, count ${watcherCount} of ${seen.members.size}`)
  }
}
