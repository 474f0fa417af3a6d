import type { PackableRecord } from '../../record/packable-record.js'
import type { WireRecord } from '../../record/wire-record.js'
import type { SpreadKeys } from '../spread-keys.js'

/** A user record as a Kinesis record of its own. */
export const wholeRecord = (record: PackableRecord, keys: SpreadKeys): WireRecord => {
  const { data, partitionKey, explicitHashKey } = record
  const whole: WireRecord = {
    Data: typeof data === 'string' ? Buffer.from(data, 'utf8') : data,
    PartitionKey: partitionKey ?? keys.next(),
  }
  if (explicitHashKey !== undefined) whole.ExplicitHashKey = explicitHashKey
  return whole
}
