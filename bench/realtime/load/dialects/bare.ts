/** The bare server publishes whatever it gets, so that the sender hands it the very bytes that a watcher gets from Mopl. */
import type { CreateDialect } from '../dialects.ts'
import { moplMessage } from '../mopl-message.ts'

export const bare: CreateDialect = async ({ role }) => ({
  request: () => ({ path: role === 'speak' ? '/speak' : '/watch' }),
  react: (_, text) => ({ entered: text === 'o' }),
  line: (viewer, content) => `a[${JSON.stringify(moplMessage(viewer, content))}]`,
  heartBeat: 'h',
})
