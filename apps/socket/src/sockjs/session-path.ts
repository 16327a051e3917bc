/** `/ws/{server}/{session}/{transport}`: the parts are not empty and hold no dot. sockjs-protocol 0.3.3, "Session URLs". */
import type { HttpRequest } from 'uWebSockets.js'

/** `{server}` is for load balancers and ignored; `undefined` when the path is none of a session. */
export function sessionIdOf(req: HttpRequest): string | undefined {
  const [server, session] = [req.getParameter(0) ?? '', req.getParameter(1) ?? '']
  return [server, session].every((part) => /^[^./]+$/.test(part)) ? session : undefined
}
