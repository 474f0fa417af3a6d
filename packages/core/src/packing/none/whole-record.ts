import type { PackableRecord } from '../../record/packable-record.js'
import type { PlainRecord } from '../outgoing.js'
import type { SpreadKeys } from '../spread-keys.js'

/** A user record as a Kinesis record of its own. */
export const wholeRecord = (record: PackableRecord, keys: SpreadKeys): PlainRecord => ({
  PartitionKey: record.partitionKey ?? keys.next(),
  ExplicitHashKey: record.explicitHashKey,
  memory: record.memory,
  start: record.start,
  size: record.length,
})
