import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { WireRecord } from '../../record/wire-record.js'
import { type OutgoingRecord, toWireRecord } from '../outgoing.js'

type Compress = (data: Uint8Array, options: { readonly level: number }) => Promise<Uint8Array>

const compressOffThread: Compress = promisify(gzip)

/**
 * Most bytes gzip adds to data that cannot be compressed: zlib's deflateBound for its default
 * window (a 16384th, a 4096th and a few bytes) with a gzip header and footer.
 */
export const gzipExpansion = (bytes: number): number => (bytes >> 12) + (bytes >> 14) + 64

/** Compresses each pack by itself, off this thread, complete with its footer. */
export const gzipEach =
  (level: number, compress: Compress = compressOffThread) =>
  (records: readonly OutgoingRecord[]): Promise<WireRecord[]> =>
    Promise.all(
      // An async function: what throws while the pack is written rejects, too.
      records.map(async record => {
        const whole = toWireRecord(record)
        return { ...whole, Data: await compress(whole.Data, { level }) }
      }),
    )
