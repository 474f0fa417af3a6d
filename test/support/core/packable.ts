import type { PackingConfig, ProducerConfig } from '@kinesis-producer/core'
import { resolveConfig } from '@kinesis-producer/core/internal/config/resolve'
import { createPacking, type Packing } from '@kinesis-producer/core/internal/packing/create-packing'
import type { Packer } from '@kinesis-producer/core/internal/packing/request-builder'
import { countedKeyBytes } from '@kinesis-producer/core/internal/record/counted-bytes'
import type { PackableRecord } from '@kinesis-producer/core/internal/record/packable-record'

export interface PackableOptions {
  readonly key?: string | undefined
  readonly hashKey?: string | undefined
  readonly possiblyDelivered?: boolean
  readonly travelsAlone?: boolean
}

/** A record as admission hands it to packing: its bytes counted for that packer. */
export const packable = (
  packer: Packer,
  data: Uint8Array | string,
  { key, hashKey, possiblyDelivered = false, travelsAlone = false }: PackableOptions = {},
): PackableRecord => {
  const { framing, overhead } = packer
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : Buffer.from(data)
  const memory = Buffer.alloc(bytes.length + framing.maxBytes + 2 * GUARD_BYTES, GUARD)
  const start = framing.begin(memory, GUARD_BYTES, bytes.length)
  memory.set(bytes, start)
  framing.end(memory, start, start + bytes.length)
  return {
    memory,
    start,
    length: bytes.length,
    partitionKey: key,
    explicitHashKey: hashKey,
    bytes: bytes.length + countedKeyBytes(key) + overhead,
    possiblyDelivered,
    travelsAlone,
  }
}

/** Stands around the data of a record: it must not be sent. */
const GUARD = 0xa5
const GUARD_BYTES = 3

/** The data of a record. */
export const dataOf = ({ memory, start, length }: PackableRecord): Buffer =>
  memory.subarray(start, start + length)

/** A packing as a producer makes it; aggregates are allowed, and one shard holds all hashes. */
export const packingOf = (packing: PackingConfig, config: ProducerConfig = {}): Packing => {
  const created = createPacking(resolveConfig({ random: () => 0.5, ...config, packing }))
  created.aggregation?.allow(true)
  return created
}
