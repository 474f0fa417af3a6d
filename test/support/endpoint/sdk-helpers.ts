import type { PutRecordsCommandOutput, PutRecordsRequestEntry } from '@aws-sdk/client-kinesis'

/** Records r0, r1, ... with keys k0, k1, ... */
export const entries = (count: number, from = 0): PutRecordsRequestEntry[] =>
  Array.from({ length: count }, (_, i) => ({
    Data: Buffer.from(`r${i + from}`),
    PartitionKey: `k${i + from}`,
  }))

export const codes = (output: PutRecordsCommandOutput): (string | undefined)[] =>
  (output.Records ?? []).map(({ ErrorCode }) => ErrorCode)

/** What a test looks at of an error the SDK throws. */
export interface SeenError {
  readonly name: string
  readonly message: string
  readonly status: number | undefined
  readonly code: string | undefined
}

export const errorOf = async (work: Promise<unknown>): Promise<SeenError> => {
  try {
    await work
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const { code, $metadata } = error as Error & {
      readonly code?: string
      readonly $metadata?: { readonly httpStatusCode?: number }
    }
    return { name: error.name, message: error.message, status: $metadata?.httpStatusCode, code }
  }
  throw new Error('nothing was thrown')
}
