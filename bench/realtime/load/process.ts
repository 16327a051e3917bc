/** A load process: does what the bench asks for over the channel to its parent, and ends with it. */
import { Crowd } from './crowd.ts'
import type { Answer, Call, CommandName, Commands } from './protocol.ts'

const crowd = new Crowd()

type Performers = { [N in CommandName]: (params: Commands[N]['params']) => Promise<Commands[N]['result']> }

const performers: Performers = {
  connect: (params) => crowd.connect(params),
  send: (params) => crowd.send(params),
  report: async () => crowd.report(),
  clear: async () => crowd.clear(),
  disconnect: async () => crowd.disconnect(),
}

function perform<N extends CommandName>(name: N, params: Commands[N]['params']): Promise<unknown> {
  return performers[name](params)
}

process.on('message', (call: Call) => {
  const answer = (message: Answer) => void process.send?.(message)
  perform(call.name, call.params).then(
    (result) => answer({ id: call.id, result }),
    (error: unknown) => answer({ id: call.id, error: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
