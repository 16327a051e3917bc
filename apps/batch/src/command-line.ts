/** The frame of a command: what it opens is closed, what goes wrong is one sentence and exit code 1. */
import { Resources } from '@mopl/infrastructure/resources'
import { sentence } from './sentence.ts'

/** The first sentence of what `parseArgs` complains about; the rest tells of an escape that no command here has. */
export function complaint({ message }: TypeError): string {
  return message.replace(/\. To specify .*/s, '')
}

/** 0 done, 1 not (wholly) done, 2 misunderstood. */
export type ExitCode = 0 | 1 | 2

export async function runCommand(work: (resources: Resources) => Promise<ExitCode>): Promise<ExitCode> {
  const resources = new Resources()
  try {
    return await work(resources)
  } catch (error) {
    console.error(sentence(error))
    return 1
  } finally {
    await resources.close((name, error) => console.error(`could not close ${name}: ${sentence(error)}`))
  }
}
