import type { RecordData } from '../record/record.js'

/** Where the bytes of queued records live. */
export interface RecordStore {
  /** Takes a copy: the caller may reuse, change or transfer its buffer afterwards. */
  keep(data: RecordData): RecordData
  /** A copy of what was kept, for a user who may do with it as he likes. */
  handBack(kept: RecordData): RecordData
}

/** On the heap: strings as they are, since nobody can change them; bytes in Node's buffer pool. */
export const HEAP_STORE: RecordStore = {
  keep: data => {
    if (typeof data === 'string') return data
    const copy = Buffer.allocUnsafe(data.byteLength)
    copy.set(data)
    return copy
  },
  handBack: kept => {
    if (typeof kept === 'string') return kept
    // Not from the pool, which other buffers share.
    const copy = Buffer.allocUnsafeSlow(kept.byteLength)
    copy.set(kept)
    return copy
  },
}
