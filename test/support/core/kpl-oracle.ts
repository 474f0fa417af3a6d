import { createRequire } from 'node:module'

/** A user record as `aws-kinesis-agg` knows it. */
export interface OracleRecord {
  readonly partitionKey: string
  readonly explicitPartitionKey?: string
  readonly data: string
}

interface Oracle {
  deaggregateSync(
    record: { data: string; partitionKey: string; sequenceNumber: string },
    computeChecksums: boolean,
    done: (error: Error | null | undefined, records?: OracleRecord[]) => void,
  ): void
  aggregate(
    records: { data: Buffer; partitionKey: string; explicitHashKey?: string }[],
    encoded: (record: { data: Buffer; partitionKey: string }, done: () => void) => void,
    after: () => void,
    failed: (error: Error) => void,
  ): void
}

// Its types ask for packages that are not there.
const oracle: Oracle = createRequire(import.meta.url)('aws-kinesis-agg')

/** Reads a Kinesis record with code that nobody here wrote, checksum and all. */
export const oracleRead = (data: Uint8Array, partitionKey: string): OracleRecord[] => {
  let found: OracleRecord[] | undefined
  oracle.deaggregateSync(
    { data: Buffer.from(data).toString('base64'), partitionKey, sequenceNumber: '1' },
    true,
    (error, records) => {
      if (error instanceof Error) throw error
      found = records
    },
  )
  return found ?? []
}

/** Aggregates with code that nobody here wrote. */
export const oracleWrite = (
  records: readonly { data: Buffer; partitionKey: string; explicitHashKey?: string }[],
): Promise<Buffer[]> =>
  new Promise((resolve, reject) => {
    const written: Buffer[] = []
    oracle.aggregate(
      [...records],
      (record, done) => {
        written.push(record.data)
        done()
      },
      () => resolve(written),
      reject,
    )
  })
