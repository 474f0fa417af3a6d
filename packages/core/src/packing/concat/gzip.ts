import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type OutgoingRecord, type PlainRecord, toWireRecord } from '../outgoing.js'

type Compress = (data: Uint8Array, options: { readonly level: number }) => Promise<Buffer>

const compressOffThread: Compress = promisify(gzip)

/**
 * Most bytes gzip adds to data that cannot be compressed: zlib's deflateBound for its default
 * window (a 16384th, a 4096th and a few bytes) with a gzip header and footer.
 */
export const gzipExpansion = (bytes: number): number => (bytes >> 12) + (bytes >> 14) + 64

/** Compresses each pack by itself, off this thread, complete with its footer. */
export const gzipEach =
  (level: number, compress: Compress = compressOffThread) =>
  (records: readonly OutgoingRecord[]): Promise<PlainRecord[]> =>
    Promise.all(
      // An async function: what throws while the pack is written rejects, too.
      records.map(async record => {
        const { PartitionKey, ExplicitHashKey } = record
        const memory = await compress(toWireRecord(record).Data, { level })
        return { PartitionKey, ExplicitHashKey, memory, start: 0, size: memory.length }
      }),
    )
