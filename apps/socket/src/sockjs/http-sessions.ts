/** The SockJS sessions over HTTP of this process, by the id in their path. */
import type { LocalTopics } from '../local-topics.ts'
import type { Services } from '../stomp/services.ts'
import type { StompSession } from '../stomp/session.ts'
import { HttpSession } from './http-session.ts'

export class HttpSessions {
  readonly #services: Services
  readonly #topics: LocalTopics
  readonly #sessions = new Map<string, HttpSession>()
  #stopping = false

  constructor(services: Services, topics: LocalTopics) {
    this.#services = services
    this.#topics = topics
  }

  find(id: string): HttpSession | undefined {
    return this.#sessions.get(id)
  }

  /** The session, made if there is none and `admit` agrees; why not, when there can be none. */
  open(
    id: string,
    requestId: string,
    admit: () => (() => void) | undefined,
  ): HttpSession | 'UNAVAILABLE' | 'TOO_MANY_REQUESTS' {
    const known = this.#sessions.get(id)
    if (known !== undefined) return known
    if (this.#stopping) return 'UNAVAILABLE'
    const leave = admit()
    if (leave === undefined) return 'TOO_MANY_REQUESTS'
    const onForgotten = () => this.#sessions.delete(id)
    const session = new HttpSession({ services: this.#services, topics: this.#topics, requestId, onForgotten })
    session.stomp.onEnd(leave)
    this.#sessions.set(id, session)
    return session
  }

  beat(): void {
    for (const session of this.#sessions.values()) session.beat()
  }

  /** Takes no new sessions from now on; returns those that are left to be ended. */
  stop(): StompSession[] {
    this.#stopping = true
    return [...this.#sessions.values()].map(({ stomp }) => stomp)
  }
}
