import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './ports.ts'
import { runProcess, startProcess } from './processes.ts'
import type { Kafka } from './kafka.ts'

const version = '4.2.0'

/** A real Apache Kafka: one broker in KRaft mode on free ports of 127.0.0.1, fetched by Maven at the first use. Needs Java 17 or newer, and Maven. */
export async function startApacheKafka({ dataDir, logDir }: { dataDir: string; logDir: string }): Promise<Kafka> {
  const classPath = join(await fetchJars(logDir), '*')
  mkdirSync(dataDir, { recursive: true })
  const [port, controllerPort] = [await freePort(), await freePort()]
  const settings = join(dataDir, 'server.properties')
  writeFileSync(settings, serverProperties(join(dataDir, 'log'), port, controllerPort))
  const java = ['java', '-Xmx512m', '-cp', classPath]
  const clusterId = Buffer.from(randomBytes(16).map((byte) => byte & 0x7f)).toString('base64url')
  await runProcess({
    name: 'kafka-format',
    command: [...java, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', settings],
    logDir,
  })
  const process = await startProcess({
    name: 'apache-kafka',
    command: [...java, 'kafka.Kafka', settings],
    logDir,
    readyTimeoutMs: 60_000,
    isReady: () => readFileSync(join(logDir, 'apache-kafka.log'), 'utf8').includes('Kafka Server started'),
  })
  return { process, brokers: `127.0.0.1:${port}` }
}

function serverProperties(logDir: string, port: number, controllerPort: number): string {
  return `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
log.dirs=${logDir}
num.partitions=12
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
`
}

/** The broker and everything it runs with, kept outside the checkout for the next time. */
async function fetchJars(logDir: string): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'mopl')
  const jars = join(cache, `apache-kafka-${version}`)
  if (existsSync(jars)) return jars
  const unfinished = join(cache, `apache-kafka-${version}.${process.pid}`)
  mkdirSync(unfinished, { recursive: true })
  const pom = join(unfinished, 'pom.xml')
  writeFileSync(pom, pomOf(version))
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${unfinished}`]
  await runProcess({ name: 'maven', command: ['mvn', '-B', '-f', pom, ...goal], logDir })
  rmSync(pom)
  renameSync(unfinished, jars)
  return jars
}

function pomOf(kafkaVersion: string): string {
  const dependency = (group: string, artifact: string, of: string) =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${of}</version></dependency>`
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>mopl</groupId><artifactId>apache-kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', kafkaVersion)}
    ${dependency('org.slf4j', 'slf4j-simple', '1.7.36')}
  </dependencies>
</project>`
}
