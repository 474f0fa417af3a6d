import type { RequestBuilder } from '../packing/request-builder.js'
import type { Entry } from './pending-record.js'

/** The records of one request, from the moment they leave the buffer until it is answered. */
export interface Batch {
  readonly entries: readonly Entry[]
  readonly load: RequestBuilder
  /** A half of a refused request: its failure must stay with it, not mix with other records. */
  readonly isolated: boolean
  /** Retry lanes whose turn this is. */
  readonly lanes: ReadonlySet<string> | undefined
}
