/**
 * The conversations that somebody here has open, each listened to as long as that is so. What is told while the link to Redis is
 * down reaches nobody here by itself: it is stored already, and the api is asked for it when the link is back.
 */
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import { DirectMessageDto } from '@mopl/contracts/realtime'
import { channels as channelNames } from '@mopl/contracts/redis-keys'
import { inParts } from '@mopl/infrastructure/in-parts'
import type { Log } from '@mopl/infrastructure/log'
import * as v from 'valibot'
import type { ApiClient } from '../api-client.ts'
import type { Channels } from '../channels.ts'

/** `text` is the DirectMessageDto as JSON. */
type Message = { id: string; text: string }
/** The link was lost: what was sent from then on may be missing. */
type Gap = { sinceMs: number }

type Conversation = {
  id: string
  /** Those who have it open here: in the name of one of them the api is asked. */
  readers: Set<{ claims: AccessTokenClaims }>
  /** The ids of the last messages told here. */
  told: string[]
  gap: Gap | undefined
  /** What comes after a gap waits for what is missing. */
  waiting: Message[]
}

export type ConversationsDeps = {
  channels: Channels
  /** Answered when what is listened to is listened to again. */
  echo: () => Promise<unknown>
  api: ApiClient
  tell: (conversationId: string, text: string) => void
  log: Log
}

/** The last ones: what is told and read in between is recognised by its id. */
const messagesRead = 50
/** A link may have been dead for seconds before that was noticed, and a message takes its time from SEND to here. */
const noticedWithinMs = 10_000
/** Conversations to catch up at the same time, so that a big node does not swamp the api. */
const caughtUpAtOnce = 20

const DirectMessageJson = v.pipe(v.string(), v.parseJson(), DirectMessageDto)
const Page = v.object({ data: v.array(DirectMessageDto) })

export class Conversations {
  readonly #deps: ConversationsDeps
  readonly #open = new Map<string, Conversation>()

  constructor(deps: ConversationsDeps) {
    this.#deps = deps
  }

  /** From `ready` on, until `close`, what is told in the conversation is told here. `ready` rejects as that of a channel does. */
  open(id: string, claims: AccessTokenClaims): { ready: Promise<void>; close: () => void } {
    const conversation = this.#open.get(id) ?? newConversation(id)
    this.#open.set(id, conversation)
    const reader = { claims }
    conversation.readers.add(reader)
    const deliver = (text: string) => this.#deliver(id, text)
    const channel = this.#deps.channels.open(channelNames.conversation(id), deliver)
    const close = () => {
      conversation.readers.delete(reader)
      if (conversation.readers.size === 0) this.#open.delete(id)
      channel.close()
    }
    return { ready: channel.ready, close }
  }

  /** The link to Redis is lost: what is told meanwhile reaches nobody here by itself. */
  linkLost(): void {
    const sinceMs = Date.now() - noticedWithinMs
    for (const conversation of this.#open.values())
      conversation.gap = { sinceMs: Math.min(sinceMs, conversation.gap?.sinceMs ?? sinceMs) }
  }

  /** Tells what is missing, once the link is back. Rejects when that did not work everywhere: to be tried again. */
  async catchUp(): Promise<void> {
    const behind = [...this.#open.values()].filter(({ gap }) => gap !== undefined)
    if (behind.length === 0) return
    await this.#deps.echo()
    await inParts(behind, caughtUpAtOnce, (conversation) => this.#catchUp(conversation))
  }

  #deliver(id: string, text: string): void {
    const conversation = this.#open.get(id)
    if (conversation === undefined) return
    const parsed = v.safeParse(DirectMessageJson, text)
    if (!parsed.success) return this.#deps.log.warn({ conversationId: id }, 'unreadable direct message dropped')
    const message = { id: parsed.output.id, text }
    if (conversation.gap === undefined) this.#tell(conversation, message)
    else conversation.waiting.push(message)
  }

  async #catchUp(conversation: Conversation): Promise<void> {
    const { gap } = conversation
    if (gap === undefined) return
    try {
      const missing = await this.#read(conversation, gap.sinceMs)
      // Lost once more meanwhile, there may be more that is missing.
      if (conversation.gap !== gap) return
      conversation.gap = undefined
      this.#tellNew(conversation, missing)
    } finally {
      // What is here is not held back any longer, whether or not the api has answered.
      this.#tellNew(conversation, conversation.waiting.splice(0))
    }
  }

  /** What was sent since then, oldest first. */
  async #read({ id, readers }: Conversation, sinceMs: number): Promise<Message[]> {
    const [reader] = readers
    if (reader === undefined) return []
    const query = `limit=${messagesRead}&sortBy=createdAt&sortDirection=DESCENDING`
    const page = await this.#deps.api.get(`/api/conversations/${id}/direct-messages?${query}`, reader.claims)
    return v
      .parse(v.optional(Page, { data: [] }), page)
      .data.toReversed()
      .filter(({ createdAt }) => Date.parse(createdAt) >= sinceMs)
      .map((message) => ({ id: message.id, text: JSON.stringify(message) }))
  }

  #tellNew(conversation: Conversation, messages: readonly Message[]): void {
    for (const message of messages) if (!conversation.told.includes(message.id)) this.#tell(conversation, message)
  }

  #tell(conversation: Conversation, { id, text }: Message): void {
    conversation.told = [...conversation.told, id].slice(-messagesRead)
    this.#deps.tell(conversation.id, text)
  }
}

function newConversation(id: string): Conversation {
  return { id, readers: new Set(), told: [], gap: undefined, waiting: [] }
}
