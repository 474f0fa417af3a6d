import type { Receipt } from './record.js'

/** Who awaits this one record: `put()`. */
export interface ReceiptWaiter {
  readonly resolve: (receipt: Receipt) => void
  readonly reject: (error: unknown) => void
}
