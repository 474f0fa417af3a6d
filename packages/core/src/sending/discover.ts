import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis'
import type { Engine } from '../engine.js'
import { DEFAULT_MAX_RECORD_BYTES, MAX_RECORD_BYTES } from '../options/limits.js'
import type { KinesisClientLike, StreamTarget } from './client.js'

/**
 * Asks the stream for its record limit. Nobody waits for the answer, and without the permission
 * (or with a client that cannot ask) the limit stays at the 1 MiB every stream accepts.
 */
export const discoverMaxRecordBytes = (
  client: KinesisClientLike,
  target: StreamTarget,
  { admission }: Engine,
): void => {
  const send: unknown = Reflect.get(client, 'send')
  if (typeof send !== 'function') return
  const ask = async (): Promise<void> => {
    const answer: unknown = await Reflect.apply(send, client, [
      new DescribeStreamSummaryCommand(target),
    ])
    const kib = read(read(answer, 'StreamDescriptionSummary'), 'MaxRecordSizeInKiB')
    if (typeof kib !== 'number' || !Number.isFinite(kib)) return
    admission.maxRecordBytes = Math.min(
      MAX_RECORD_BYTES,
      Math.max(DEFAULT_MAX_RECORD_BYTES, kib * 1024),
    )
  }
  ask().catch(() => {})
}

const read = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
