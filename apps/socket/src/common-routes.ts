/** What every instance answers besides its own work: `/actuator/*` for operators, and 404. */
import type { Health } from '@mopl/infrastructure/health'
import type { TemplatedApp } from 'uWebSockets.js'
import { answer, answerError } from './http.ts'

/** To be added last: everything that no route before it answers is 404. */
export function commonRoutes(app: TemplatedApp, health: Health): void {
  app.get('/actuator/*', (res, req) => {
    let aborted = false
    res.onAborted(() => {
      aborted = true
    })
    health.answer(req.getUrl()).then(
      (found) => {
        if (aborted) return
        if (found === undefined) answerError(res, 'ROUTE_NOT_FOUND')
        else answer(res, found.status, { 'content-type': found.contentType }, found.body)
      },
      () => void (aborted || answerError(res, 'INTERNAL')),
    )
  })
  app.any('/*', (res) => answerError(res, 'ROUTE_NOT_FOUND'))
}
