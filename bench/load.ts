import type { Endpoints } from './start-stub.js'

export const STREAM = 'bench'
export const BATCH = 500
export const IN_FLIGHT = 4
export const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench' }
/** Distinct records and keys: enough that caches do not hold them all. */
const DISTINCT = 20_000

/** In what form a producer is given its records. */
export const FORMS = ['strings', 'bytes'] as const
export type Form = (typeof FORMS)[number]

export interface Load {
  /** Bytes, which cost the floor and the SDK least. */
  readonly data: readonly Buffer[]
  /** The same as loggers have them. */
  readonly lines: readonly (string | Buffer)[]
  readonly keys: readonly string[]
}

/** Each record has this once: so the stub can count them, whatever they are packed in. */
export const MARK = '{"level":30,"time":'

/** Where to send; the plain one may be reached through TLS instead. */
export type Target = Pick<Endpoints, 'http' | 'http2'>

/** Sends `records` records and resolves when all of them are stored. */
export type Send = (
  target: Target,
  load: Load,
  records: number,
  bufferSize?: number,
) => Promise<void>

export interface Case {
  readonly send: Send
  /** Many records share a Kinesis record. */
  readonly packed: boolean
}

/** Log lines of `size` bytes, no two alike. */
export const makeLoad = (size: number, form: Form = 'bytes'): Load => {
  const line = (i: number): string =>
    `${MARK}${1_700_000_000_000 + i * 7919},"pid":4242,"hostname":"web-${i % 40}","reqId":"${(i * 2_654_435_761) % 2 ** 32}","msg":"`
  const data = Array.from({ length: DISTINCT }, (_, i) =>
    Buffer.from(
      line(i)
        .padEnd(size - 2, `request ${i} completed `)
        .slice(0, size - 2) + '"}',
    ),
  )
  const keys = data.map((_, i) => `pk-${String(i).padStart(8, '0')}`)
  const lines = form === 'bytes' ? data : data.map(bytes => bytes.toString('latin1'))
  return { data, lines, keys }
}

/** Runs `send` over all records, a batch at a time, several at once. */
export const inBatches = async (
  records: number,
  send: (from: number, to: number) => Promise<void>,
): Promise<void> => {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < records) {
      const from = next
      next = Math.min(records, next + BATCH)
      await send(from, next)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
}
