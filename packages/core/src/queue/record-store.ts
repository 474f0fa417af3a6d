import type { RecordData } from '../record/record.js'

/** Small records share slabs, since each piece of memory of its own costs the collector. */
const SLAB_BYTES = 64 * 1024
/** Larger records have memory of their own, so that little of a slab is left unused. */
const MAX_SHARING_BYTES = 4 * 1024

/**
 * Where the data of queued records lives. Text stays as it is, since nobody can change it; bytes are
 * copied, so that the caller may reuse, change or transfer its buffer afterwards. A record keeps the
 * place and no view of it: thousands of views would be copied by the collector again and again.
 */
class RecordStore {
  /** Memory and offset of what was kept last: told here, since an object for it would be one a record. */
  memory: Buffer = Buffer.alloc(0)
  offset = 0
  #slab: Buffer = Buffer.alloc(0)
  #used = 0

  /** Copies the bytes; `memory` and `offset` say where to. */
  keep(bytes: Uint8Array): void {
    const { byteLength } = bytes
    if (byteLength > MAX_SHARING_BYTES) {
      this.memory = copyOf(bytes)
      this.offset = 0
      return
    }
    if (this.#used + byteLength > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#used = 0
    }
    this.#slab.set(bytes, this.#used)
    this.memory = this.#slab
    this.offset = this.#used
    this.#used += byteLength
  }
}

export const RECORD_STORE: RecordStore = new RecordStore()

/** Memory of their own for bytes: nobody else can change it, and it keeps nobody else's. */
export const copyOf = (bytes: Uint8Array): Buffer => {
  const copy = Buffer.allocUnsafeSlow(bytes.byteLength)
  copy.set(bytes)
  return copy
}

/** The same for any data. */
export const copyOfData = (data: RecordData): RecordData =>
  typeof data === 'string' ? data : copyOf(data)
