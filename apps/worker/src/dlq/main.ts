/** `bun run worker:dlq list|show|redrive|discard`: what an operator does about dead letters. Runs on Node. */
import { KafkaEnv, readEnv } from '@mopl/infrastructure/config'
import { kafkaOptions, type KafkaOptions, openProducer } from '@mopl/infrastructure/kafka'
import { createLog } from '@mopl/infrastructure/log'
import { type Command, parseCommand, usage } from './command.ts'
import type { DeadLetter } from './letter.ts'
import { readDeadLetters } from './letters.ts'
import { openProgress } from './progress.ts'
import { type Form, formOf, listLines, showLines } from './report.ts'
import { discard, redrive } from './settle.ts'

const log = createLog('worker-dlq', 'silent')

/** 0 done, 1 not (wholly) done, 2 misunderstood. */
async function main(args: string[]): Promise<0 | 1 | 2> {
  const command = parseCommand(args)
  if (command === 'help') {
    console.log(usage)
    return 0
  }
  if (typeof command === 'string') {
    console.error(`${command}\n\n${usage}`)
    return 2
  }
  try {
    return await run(command, kafkaOptions(readEnv(KafkaEnv)))
  } catch (error) {
    console.error(sentence(error))
    return 1
  }
}

async function run(command: Command, kafka: KafkaOptions): Promise<0 | 1> {
  const { verb, ids, isWanted } = command
  const now = new Date()
  const letters = await readDeadLetters(kafka, log, (letter) => isWanted(letter, now))
  const form = formOf(command, process.stdout.isTTY)
  const missing = ids.filter((id) => !letters.some((letter) => letter.id === id))
  for (const id of missing) console.error(`no dead letter ${id} waits for a decision`)
  if (missing.length > 0) return 1
  if (verb === 'redrive' || verb === 'discard') return settle({ ...command, verb }, letters, kafka, form)
  if (verb === 'show') print(letters.flatMap((letter) => showLines(letter, form)))
  else {
    print(listLines(letters, form))
    console.error(counted(letters.length))
  }
  return 0
}

async function settle(
  command: Command & { verb: 'redrive' | 'discard' },
  letters: readonly DeadLetter[],
  kafka: KafkaOptions,
  form: Form,
): Promise<0 | 1> {
  const { verb, dryRun, ratePerSecond } = command
  if (dryRun && form !== 'json') print(listLines(letters, form))
  if (dryRun || letters.length === 0) return finish(command, form, letters.length, 0)
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort())
  const progress = openProgress(process.stderr, letters.length)
  const producer = openProducer({ ...kafka, name: 'worker-dlq', log, topics: [] })
  let settled = 0
  const onProgress = (count: number) => progress.show((settled = count))
  const settling = { producer, onProgress, signal: interrupt.signal }
  try {
    if (verb === 'redrive') await redrive(letters, ratePerSecond, settling)
    else await discard(letters, settling)
    progress.clear()
    return finish(command, form, letters.length, settled)
  } catch (error) {
    progress.clear()
    console.error(`${verb} stopped at ${settled} of ${counted(letters.length)}; run it again to go on`)
    throw error
  } finally {
    await producer.close()
  }
}

function finish({ verb, dryRun }: Command, form: Form, matched: number, settled: number): 0 | 1 {
  const outcome = dryRun ? 'dry run' : settled === matched ? 'done' : 'interrupted'
  if (form === 'json') console.log(JSON.stringify({ verb, outcome, matched, settled }))
  else if (dryRun) console.log(`${verb} would settle ${counted(matched)}; nothing was changed`)
  else console.log(`${verb} settled ${settled} of ${counted(matched)}`)
  if (outcome === 'interrupted') console.error(`${verb} was interrupted; run it again to go on`)
  return outcome === 'interrupted' ? 1 : 0
}

function print(lines: readonly string[]): void {
  for (const line of lines) console.log(line)
}

function counted(number: number): string {
  return `${number.toLocaleString('en-US')} dead letter${number === 1 ? '' : 's'}`
}

/** One sentence for the operator: what is away, or what went wrong. */
function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message === 'kafka is not reachable' ? 'Kafka (KAFKA_BROKERS) does not answer' : message
}

process.exitCode = await main(process.argv.slice(2))
