import { ChildEndpoint } from './child-endpoint.js'
import type { EmulatorOptions } from './emulator.js'
import type { FakeOptions } from './fake-kinesis.js'
import type { PlainFault } from './faults.js'
import { type Json, numberOf, objectsOf, stringOf } from './json.js'

export type EmulatorProcessOptions = Omit<EmulatorOptions, 'now'>
/** Counts only unless `store` is true. */
export type FakeProcessOptions = Omit<FakeOptions, 'now' | 'onRecord'>

/** Controls resolve when the child has carried them out. */
export interface EndpointProcess {
  readonly port: number
  readonly endpoint: string
  readonly pid: number
  setFault(fault: PlainFault | undefined): Promise<void>
  releaseHung(): Promise<void>
  dropConnections(): Promise<void>
  /** What the endpoint counted so far, by the names of `Counts`. */
  counts(): Promise<Readonly<Record<string, number>>>
  stop(): Promise<void>
}

export interface EmulatorProcess extends EndpointProcess {
  setThrottle(on: boolean): Promise<void>
}

export interface FetchedRecord {
  readonly data: Buffer
  readonly partitionKey: string
  readonly shardId: string
  readonly sequenceNumber: string
  readonly requestNumber: number
}

export interface FakeProcess extends EndpointProcess {
  script(...faults: readonly PlainFault[]): Promise<void>
  /** The whole summary page, streams included. */
  summary(): Promise<Json>
  /** The stored records of a stream, in the order of arrival. */
  records(stream: string): Promise<readonly FetchedRecord[]>
}

const common = (child: ChildEndpoint): EndpointProcess => ({
  port: child.port,
  endpoint: child.endpoint,
  pid: child.pid,
  setFault: fault => child.control('fault', fault),
  releaseHung: () => child.control('release'),
  dropConnections: () => child.control('drop'),
  counts: async () => {
    const page = await child.page('/_fake/summary')
    return Object.fromEntries(
      Object.entries(page).flatMap(([name, value]) =>
        typeof value === 'number' ? [[name, value]] : [],
      ),
    )
  },
  stop: () => child.stop(),
})

export const startEmulatorProcess = async (
  options: EmulatorProcessOptions = {},
): Promise<EmulatorProcess> => {
  const child = await ChildEndpoint.start(new URL('./emulator-main.js', import.meta.url), {
    ...options,
  })
  return { ...common(child), setThrottle: on => child.control('throttle', on) }
}

const fetched = (record: Json): FetchedRecord => ({
  data: Buffer.from(stringOf(record['data']) ?? '', 'base64'),
  partitionKey: stringOf(record['partitionKey']) ?? '',
  shardId: stringOf(record['shardId']) ?? '',
  sequenceNumber: stringOf(record['sequenceNumber']) ?? '',
  requestNumber: numberOf(record['requestNumber']) ?? 0,
})

export const startFakeProcess = async (options: FakeProcessOptions = {}): Promise<FakeProcess> => {
  const child = await ChildEndpoint.start(new URL('./fake-main.js', import.meta.url), {
    ...options,
  })
  return {
    ...common(child),
    script: (...faults) => child.control('script', faults),
    summary: () => child.page('/_fake/summary'),
    records: async stream => {
      const page = await child.page(`/_fake/records?stream=${encodeURIComponent(stream)}`)
      return objectsOf(page['records']).map(fetched)
    },
  }
}
