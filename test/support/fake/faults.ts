/** A record as a fault sees it. */
export interface FaultRecord {
  readonly index: number
  readonly text: string
  readonly partitionKey: string
  readonly shardId: string
}

export type Matches = (record: FaultRecord) => boolean

/** What the fake does with one PutRecords request; each kind is described at its constructor. */
export type Fault =
  | { readonly kind: 'ok' | 'truncatedJson' | 'shortList' | 'hang' | 'hangUp' | 'lostResponse' | 'cutResponse' }
  | {
      readonly kind: 'partial'
      readonly which: Matches | readonly number[]
      readonly code: string
      readonly message?: string
    }
  | {
      readonly kind: 'throttleShards'
      readonly shards: readonly string[] | 'all'
      readonly share: number
      readonly random: () => number
    }
  | { readonly kind: 'requestError'; readonly name: string; readonly status: number; readonly message: string }
  | { readonly kind: 'html' | 'empty'; readonly status: number }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'poison'; readonly matches: Matches }

export const THROTTLED = 'ProvisionedThroughputExceededException'

/** The request is carried out. In a script: leaves this request alone whatever `always` says. */
export const ok = (): Fault => ({ kind: 'ok' })

/** The records that match (or have these positions) fail, the others are stored. */
export const partial = (which: Matches | readonly number[], code: string = THROTTLED, message?: string): Fault => ({
  kind: 'partial',
  which,
  code,
  ...(message !== undefined && { message }),
})

/** A share of the records for some shards is throttled; `random` makes the choice repeatable. */
export const throttleShards = (
  shards: readonly string[] | 'all',
  share = 1,
  random: () => number = Math.random,
): Fault => ({ kind: 'throttleShards', shards, share, random })

/** The whole request fails with an error of the service; nothing is stored. */
export const requestError = (name: string, status = 400, message = `${name} happened`): Fault => ({
  kind: 'requestError',
  name,
  status,
  message,
})

/** A proxy's page in place of an answer; nothing is stored. */
export const html = (status: number): Fault => ({ kind: 'html', status })
/** A status without a body, 413 or 500, say; nothing is stored. */
export const empty = (status: number): Fault => ({ kind: 'empty', status })
/** Stored, but the answer, complete for HTTP, is no JSON. */
export const truncatedJson = (): Fault => ({ kind: 'truncatedJson' })
/** Stored, but the answer has one result fewer. */
export const shortList = (): Fault => ({ kind: 'shortList' })
/** Not answered, nor stored, until `releaseHung`; then carried out if the client still waits. */
export const hang = (): Fault => ({ kind: 'hang' })
/** Carried out after so many milliseconds. */
export const slow = (ms: number): Fault => ({ kind: 'slow', ms })
/** The connection dies before anything is stored. */
export const hangUp = (): Fault => ({ kind: 'hangUp' })
/** Stored, but the connection dies before the answer. */
export const lostResponse = (): Fault => ({ kind: 'lostResponse' })
/** Stored, but the connection dies in the middle of the answer. */
export const cutResponse = (): Fault => ({ kind: 'cutResponse' })
/** One such record makes the service refuse the whole request. */
export const poison = (matches: Matches): Fault => ({ kind: 'poison', matches })
