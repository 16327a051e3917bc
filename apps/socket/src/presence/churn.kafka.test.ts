/** Hundreds of tabs over three instances do what people do while instances and Redis go down, and are compared with a model. */
import { RoomMember, type ContentSummary } from '@mopl/contracts/realtime'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { topics } from '@mopl/contracts/topics'
import { newId } from '@mopl/infrastructure/ids'
import { eventually, type TestApp, testEnv } from '@mopl/infrastructure/testing'
import { type KafkaProbe, type ProbeConsumer, startKafkaProbe } from '@mopl/infrastructure/testing-kafka'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import * as v from 'valibot'
import { Crowd } from '../testing/crowd.ts'
import { readLedger } from '../testing/ledger.ts'
import { metricOf } from '../testing/metrics.ts'
import { type OwnRedis, startOwnRedis } from '../testing/own-redis.ts'
import { seeded } from '../testing/random.ts'
import { openSetting, type Person, type Setting } from '../testing/setting.ts'
import { type Members, Witness } from '../testing/witness.ts'

setDefaultTimeout(900_000)

/** Another run: `MOPL_SEED=7 bin/test churn`. */
const seed = Number(process.env['MOPL_SEED'] ?? 20_261_125)
const [people, rooms, tabs, actsPerRound] = [120, 6, 250, 60]
const faults = ['none', 'kill', 'none', 'flush', 'stop', 'none', 'flush', 'kill', 'none'] as const
/** A dead instance's lease, the reaper's round, and patience with a machine that does other things; R6 is held to its time elsewhere. */
const quietWithinMs = 60_000
/** The ends of sessions of the moment that a killed node had not handed to Kafka. */
const lostPerKillAtMost = 10

const topicPrefix = `churn-${newId()}-`

const MemberJson = v.pipe(v.string(), v.parseJson(), RoomMember)

let ownRedis: OwnRedis
let setting: Setting
let apps: [TestApp, TestApp, TestApp]
let probe: KafkaProbe
let told: ProbeConsumer

beforeAll(async () => {
  ownRedis = await startOwnRedis()
  setting = await openSetting(ownRedis.url)
  apps = [await startSocket(), await startSocket(), await startSocket()]
  probe = await startKafkaProbe({ topicPrefix })
  told = await probe.consume([topics.watchingSession])
})
afterAll(async () => {
  await setting.close()
  await ownRedis.close()
  await probe.close()
})

const startSocket = () =>
  setting.startSocket({
    KAFKA_BROKERS: testEnv('KAFKA_BROKERS'),
    KAFKA_TOPIC_PREFIX: topicPrefix,
    SIGN_IN_WITHIN_MS: '30000',
  })

async function several<T>(count: number, make: () => Promise<T>): Promise<[T, ...T[]]> {
  const [first, ...others] = await Promise.all([make(), ...Array.from({ length: count - 1 }, make)])
  return [first, ...others]
}

async function membersOf({ id }: ContentSummary): Promise<Members> {
  const entries = Object.entries(await setting.redis.hgetall(redisKeys.room(id)))
  return new Map(entries.map(([userId, json]) => [v.parse(MemberJson, json).id, userId]))
}

/** Redis loses everything about rooms; what stands for the api and for signing in stays, because it is not what is tested. */
async function flush(): Promise<void> {
  const keys = await setting.redis.keys('[ca]*:*')
  const values = await setting.redis.mget(keys)
  const pairs = keys.flatMap((key, at) => [key, values[at] ?? ''])
  await setting.redis.multi().flushall().mset(pairs).exec()
}

test('R1 to R8 whatever happens, everybody is shown who is there: no ghost, nobody missing, nobody twice, counts exact', async () => {
  const random = seeded(seed)
  const contents = await several(rooms, () => setting.aContent())
  const everybody = await several(people, () => setting.aPerson())
  const crowd = new Crowd({
    random,
    rooms: contents,
    people: everybody,
    apps: () => apps,
  })
  let witnesses: Witness[] = []
  const forgiven = new Set<string>()

  async function untilQuiet(isStrict: boolean): Promise<void> {
    for (const content of contents)
      await eventually(
        'the model, Redis and every witness agree',
        async () => {
          for (const witness of witnesses) witness.listen({ isStrict })
          const members = await membersOf(content)
          expect([...members.values()].toSorted()).toEqual(expected(content))
          expect(await setting.redis.zcard(redisKeys.roomSince(content.id))).toBe(members.size)
          for (const witness of witnesses) {
            const seen = witness.seen(content)
            expect([...seen.members.keys()].toSorted()).toEqual([...members.keys()].toSorted())
            expect(seen.watcherCount).toBe(members.size)
          }
          return true
        },
        quietWithinMs,
      )
    expect(witnesses.flatMap(({ complaints }) => complaints)).toEqual([])
  }

  /** The profiles, and what Kafka was told, after the rooms have become quiet. */
  async function untilTold(killed: boolean): Promise<void> {
    await eventually(
      'every profile shows the rooms that its user is in',
      async () => {
        for (const { userId } of everybody) {
          const fields = Object.keys(await setting.redis.hgetall(redisKeys.watching(userId)))
          const shown = fields.filter((field) => field.startsWith('room|')).map((field) => field.slice('room|'.length))
          const rooms = contents.filter((content) => crowd.membersOf(content).has(userId)).map(({ id }) => id)
          expect(shown.toSorted()).toEqual(rooms.toSorted())
        }
        return true
      },
      quietWithinMs,
    )
    const members = await Promise.all(contents.map(membersOf))
    const live = new Set(members.flatMap((each) => [...each.keys()]))
    const news = () =>
      readLedger(told)
        .gaps(live)
        .filter((gap) => !forgiven.has(gap))
    if (killed) {
      await eventually('nearly all is told', () => news().length <= lostPerKillAtMost, quietWithinMs)
      for (const gap of news()) forgiven.add(gap)
    }
    await eventually(
      'Kafka has a start and an end of every session',
      () => {
        expect(news()).toEqual([])
        return true
      },
      quietWithinMs,
    )
    if (killed) return
    await eventually(
      'the latest counts are those of the rooms',
      () => {
        const counts = readLedger(told).counts()
        expect(contents.map(({ id }) => counts.get(id))).toEqual(members.map(({ size }) => size))
        return true
      },
      quietWithinMs,
    )
  }

  function expected(content: ContentSummary): string[] {
    const all = crowd.membersOf(content)
    for (const { person } of witnesses) all.add(person.userId)
    return [...all].toSorted()
  }

  /** Whoever was lost with an instance is replaced on the one that replaces it. */
  async function postWitnesses(): Promise<void> {
    witnesses = witnesses.filter(({ isHere }) => isHere)
    while (witnesses.length < apps.length) {
      const person: Person = await setting.aPerson()
      const { url } = apps[witnesses.length] ?? apps[0]
      witnesses.push(await Witness.enter(url, person, contents, membersOf))
      for (const witness of witnesses) witness.listen({ isStrict: true })
    }
  }

  async function strike(fault: (typeof faults)[number]): Promise<void> {
    if (fault === 'none') return
    if (fault === 'flush') return flush()
    const [struck, ...others] = random.shuffled(apps)
    if (struck === undefined) return
    await eventually('little is under way', async () => (await metricOf(struck, 'mopl_socket_events_waiting')) === 0)
    struck.kill(fault === 'kill' ? 'SIGKILL' : 'SIGTERM')
    apps = [await startSocket(), others[0] ?? struck, others[1] ?? struck]
    await struck.exited
    witnesses = witnesses.filter(({ isHere }) => isHere)
    await crowd.afterLoss()
  }

  for (const fault of faults) {
    await postWitnesses()
    await crowd.grow(tabs)
    await crowd.act(actsPerRound)
    await strike(fault)
    await crowd.act(actsPerRound)
    await untilQuiet(fault !== 'flush')
    await untilTold(fault === 'kill')
  }
  expect(crowd.size).toBeGreaterThan(100)

  await crowd.close()
  for (const witness of witnesses) witness.close()
  await eventually(
    'nothing is left of anybody',
    async () => {
      const keys = await setting.redis.keys('ws:*')
      const kept = keys.filter((key) => !/^ws:(epoch|nodes|node:[^:]+|room:.*:gone)$/.test(key))
      expect(kept).toEqual([])
      return true
    },
    quietWithinMs,
  )
})
