/**
 * Removes what has expired and what nothing refers to. The retention periods are the product's; `docs/data.md` lists them.
 *
 * Members of sockets that died are not removed here: that needs a LEAVE to everybody in the room, which the socket's own
 * reaper announces.
 */
import { expiredKinds, removeExpiredRows } from './expired-rows.ts'
import type { Job } from './job.ts'
import { removeOrphanedPictures } from './orphaned-pictures.ts'
import { clearTemporaryPasswords } from './temporary-passwords.ts'
import { removeUnusedTags } from './unused-tags.ts'

export const cleanup: Job = {
  schedule: '30 4 * * *',
  summary: 'removes expired rows, unused tags and orphaned pictures',
  kinds: [...expiredKinds, 'expired-temporary-passwords', 'unused-tags', 'orphaned-pictures'],
  async run(context) {
    await removeExpiredRows(context)
    await clearTemporaryPasswords(context)
    await removeUnusedTags(context)
    await removeOrphanedPictures(context)
  },
}
