import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Summary } from './control.js'
import type { FakeOptions } from './fake-kinesis.js'
import type { PlainFault } from './fault-json.js'
import { type Json, isObject, numberOf, parseObject, stringOf } from './json.js'

export type FakeProcessOptions = Omit<FakeOptions, 'onRecord' | 'now'>

/** A stored record as it crosses the border between processes: its data is text. */
export interface PrintedRecord {
  readonly data: string
  readonly partitionKey: string
  readonly shardId: string
  readonly sequenceNumber: string
  readonly requestNumber: number
}

export interface FakeProcess {
  readonly endpoint: string
  readonly pid: number
  stop(): Promise<void>
  summary(): Promise<Summary>
  records(stream: string): Promise<PrintedRecord[]>
  /** A list is a script, a single one lasts until `undefined`. */
  setFault(fault: PlainFault | readonly PlainFault[] | undefined): Promise<void>
  releaseHung(): Promise<void>
}

/** The fake in a process of its own: its CPU time is not the producer's, and it outlives a crash. */
export const startFakeProcess = async (options: FakeProcessOptions = { streams: { s: 4 } }): Promise<FakeProcess> => {
  const main = fileURLToPath(new URL('./fake-main.js', import.meta.url))
  const child = spawn(process.execPath, [main, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const died = exited.then(([code]): never => {
    throw new Error(`the fake exited early, code ${String(code)}`)
  })
  const [line]: unknown[] = await Promise.race([once(createInterface(child.stdout), 'line'), died])
  died.catch(() => {})
  const endpoint = `http://127.0.0.1:${numberOf(parseObject(String(line))['port'], 0)}`

  const ask = async (path: string, body?: string): Promise<string> => {
    // One connection each: none is left open to keep the asking process alive.
    const request = { headers: { connection: 'close' }, ...(body !== undefined && { method: 'POST', body }) }
    const answer = await fetch(`${endpoint}/_fake/${path}`, request)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`the fake answered ${answer.status}: ${text}`)
    return text
  }
  return {
    endpoint,
    pid: child.pid ?? 0,
    async stop() {
      child.stdin.end()
      await exited
    },
    summary: async () => summaryOf(parseObject(await ask('summary'))),
    async records(stream) {
      const lines = (await ask(`records?stream=${encodeURIComponent(stream)}`)).split('\n')
      return lines.filter(text => text !== '').map(text => recordOf(parseObject(text)))
    },
    async setFault(fault) {
      await ask('fault', JSON.stringify(fault ?? null))
    },
    async releaseHung() {
      await ask('release', '')
    },
  }
}

const recordOf = (json: Json): PrintedRecord => ({
  data: stringOf(json['data']) ?? '',
  partitionKey: stringOf(json['partitionKey']) ?? '',
  shardId: stringOf(json['shardId']) ?? '',
  sequenceNumber: stringOf(json['sequenceNumber']) ?? '',
  requestNumber: numberOf(json['requestNumber'], 0),
})

const countsOf = (value: unknown): Record<string, number> =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, count]) => [name, numberOf(count, 0)])) : {}

const summaryOf = (json: Json): Summary => ({
  requests: numberOf(json['requests'], 0),
  records: numberOf(json['records'], 0),
  stored: countsOf(json['stored']),
  faults: countsOf(json['faults']),
  maxConcurrent: numberOf(json['maxConcurrent'], 0),
  violations: Array.isArray(json['violations']) ? json['violations'].map(String) : [],
})
