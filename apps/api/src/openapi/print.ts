/** `bun run openapi`: the document on standard output. */
import { createApp } from '../app.ts'
import type { Deps } from '../deps.ts'
import { createDocument } from './document.ts'

// Routes only hold on to what they are given until a request comes, and none comes here.
const app = createApp({} as Deps)
await Bun.write(Bun.stdout, `${JSON.stringify(createDocument(app), null, 2)}\n`)
