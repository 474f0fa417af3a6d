import type { PackingConfig, ProducerConfig } from '@kinesis-producer/core'
import { resolveConfig } from '@kinesis-producer/core/internal/config/resolve'
import { createPacking, type Packing } from '@kinesis-producer/core/internal/packing/create-packing'
import type { Packer } from '@kinesis-producer/core/internal/packing/request-builder'
import { SPREAD_KEY_BYTES } from '@kinesis-producer/core/internal/packing/spread-keys'
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
): PackableRecord => ({
  data,
  partitionKey: key,
  explicitHashKey: hashKey,
  bytes:
    (typeof data === 'string' ? Buffer.byteLength(data, 'utf8') : data.length) +
    (key === undefined ? SPREAD_KEY_BYTES : Buffer.byteLength(key, 'utf8')) +
    packer.overhead,
  possiblyDelivered,
  travelsAlone,
})

/** A packing as a producer makes it; aggregates are allowed, and one shard holds all hashes. */
export const packingOf = (packing: PackingConfig, config: ProducerConfig = {}): Packing => {
  const created = createPacking(resolveConfig({ random: () => 0.5, ...config, packing }))
  created.aggregation?.allow(true)
  return created
}
