/** The tour: the journeys of ARCHITECTURE.md against a running system, through its gateway, with public clients. */
import { newVisitor, signIn, walkAccounts } from './accounts.ts'
import { Guide, type Step } from './guide.ts'
import { RestClient } from './rest-client.ts'
import { walkNotifying } from './notifying.ts'
import { walkReviews } from './reviews.ts'
import { walkStreaming } from './streaming.ts'
import { walkWatching } from './watching.ts'

export type TourOptions = {
  baseUrl: string
  admin: { email: string; password: string }
  print: (line: string) => void
}

/** Walks every journey and returns its steps with their latencies in milliseconds. @throws {Error} at the first step that fails */
export async function tour({ baseUrl, admin, print }: TourOptions): Promise<Step[]> {
  const guide = new Guide(print)
  await walkAccounts(guide, baseUrl)
  const adminRest = new RestClient(baseUrl)
  await signIn(adminRest, admin.email, admin.password)
  const [first, second] = [await newVisitor(baseUrl, '하나'), await newVisitor(baseUrl, '두리')]
  const contentId = await walkReviews(guide, adminRest, first)
  await walkWatching(guide, contentId, first, second)
  await walkStreaming(guide, first)
  await walkNotifying(guide, { admin: adminRest, contentId, one: first, other: second })
  return guide.steps
}
