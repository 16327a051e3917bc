/** Many people with one or more tabs each, and the model of them: who should be in which room once things are quiet. */
import type { ContentSummary } from '@mopl/contracts/realtime'
import type { TestApp } from '@mopl/infrastructure/testing'
import type { Random } from './random.ts'
import type { Person } from './setting.ts'
import { StompClient } from './stomp-client.ts'

type Tab = { person: Person; client: StompClient; room: ContentSummary | undefined; subscriptions: number }

/** As many as a machine can start at a time that does other things too. */
const openedAtOnce = 50

export type CrowdOptions = {
  random: Random
  people: readonly [Person, ...Person[]]
  rooms: readonly [ContentSummary, ...ContentSummary[]]
  /** The instances that take connections now. */
  apps: () => readonly [TestApp, ...TestApp[]]
}

export class Crowd {
  readonly #options: CrowdOptions
  #tabs: Tab[] = []

  constructor(options: CrowdOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#tabs.length
  }

  /** Users who should be in the room. */
  membersOf(room: ContentSummary): Set<string> {
    return new Set(this.#tabs.filter((tab) => tab.room === room).map(({ person }) => person.userId))
  }

  /** So many things at the same time, each to another tab. */
  async act(times: number): Promise<void> {
    const { random } = this.#options
    const tabs = random.shuffled(this.#tabs).slice(0, times)
    const acts = tabs.map((tab) =>
      random.pick([
        () => this.#move(tab),
        () => this.#move(tab),
        () => this.#leaveRoom(tab),
        () => this.#reload(tab),
        () => this.#close(tab),
        () => this.#close(tab),
        () => this.#blink(),
      ]),
    )
    await Promise.all(acts.map((act) => act()))
  }

  async grow(size: number): Promise<void> {
    while (this.size < size)
      await Promise.all(Array.from({ length: Math.min(openedAtOnce, size - this.size) }, () => this.#open()))
  }

  /** Everybody goes home. */
  async close(): Promise<void> {
    await Promise.all(this.#tabs.map((tab) => this.#close(tab)))
  }

  /** An instance is gone: some of those who were there come back elsewhere, the others do not. */
  async afterLoss(): Promise<void> {
    const lost = this.#tabs.filter(({ client }) => client.socket.readyState !== WebSocket.OPEN)
    this.#tabs = this.#tabs.filter((tab) => !lost.includes(tab))
    const back = lost.filter(() => this.#options.random.chance(0.5))
    await Promise.all(back.map(({ person, room }) => this.#open(person, room)))
  }

  async #open(person = this.#options.random.pick(this.#options.people), room?: ContentSummary): Promise<void> {
    const { random, apps } = this.#options
    const framing = random.pick(['raw', 'sockjs'] as const)
    const [{ url }, toRoom] = [random.pick(apps()), room ?? this.#anyRoom()]
    const client = await StompClient.signIn(url, person.token, { framing })
    const tab = { person, client, room: toRoom, subscriptions: 0 }
    this.#tabs.push(tab)
    await this.#subscribe(tab, toRoom)
  }

  async #move(tab: Tab): Promise<void> {
    // Back to back, as a page does it: the new room need not wait for the old one.
    const room = this.#anyRoom()
    this.#unsubscribe(tab)
    tab.room = room
    await this.#subscribe(tab, room)
  }

  async #leaveRoom(tab: Tab): Promise<void> {
    this.#unsubscribe(tab)
    tab.room = undefined
  }

  async #reload(tab: Tab): Promise<void> {
    this.#forget(tab)
    tab.client.drop(this.#options.random.pick([1000, 1001, undefined]))
    await this.#open(tab.person, tab.room)
  }

  async #close(tab: Tab): Promise<void> {
    this.#forget(tab)
    if (this.#options.random.chance(0.5)) tab.client.send('DISCONNECT\n\n')
    else tab.client.drop()
  }

  /** Subscribes and is gone within a millisecond. */
  async #blink(): Promise<void> {
    const { random, people, apps } = this.#options
    const [{ url }, { token }, room] = [random.pick(apps()), random.pick(people), this.#anyRoom()]
    const client = await StompClient.signIn(url, token)
    client.send(`SUBSCRIBE\nid:sub-0\ndestination:/sub/contents/${room.id}/watch\n\n`)
    client.drop()
  }

  async #subscribe(tab: Tab, { id }: ContentSummary): Promise<void> {
    tab.subscriptions += 1
    await tab.client.subscribe(`/sub/contents/${id}/watch`, `sub-${tab.subscriptions}`)
    tab.client.frames.length = 0
  }

  #unsubscribe({ client, room, subscriptions }: Tab): void {
    if (room !== undefined) client.send(`UNSUBSCRIBE\nid:sub-${subscriptions}\n\n`)
  }

  #forget(tab: Tab): void {
    this.#tabs = this.#tabs.filter((each) => each !== tab)
  }

  #anyRoom(): ContentSummary {
    return this.#options.random.pick(this.#options.rooms)
  }
}
