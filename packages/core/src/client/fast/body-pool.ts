/** Bodies that are kept, and their bytes. */
const MAX_POOLED = 8
const MAX_POOLED_BYTES = 32 * 1024 * 1024
/** A buffer this many times as large as needed is not lent: small requests would hold large ones up. */
const MAX_OVERSIZE = 8
const SMALLEST = 64 * 1024

/**
 * Memory for the bodies of requests, used again and again: the system clears each page that is new
 * to a process, which costs more than writing the body.
 */
export class BodyPool {
  readonly #free: Buffer[] = []
  #bytes = 0

  /** A buffer of at least so many bytes. */
  lend(bytes: number): Buffer {
    const at = this.#free.findIndex(
      ({ length }) => length >= bytes && length <= Math.max(SMALLEST, bytes * MAX_OVERSIZE),
    )
    const [pooled] = at === -1 ? [] : this.#free.splice(at, 1)
    if (pooled === undefined) return Buffer.allocUnsafeSlow(Math.max(SMALLEST, roundUp(bytes)))
    this.#bytes -= pooled.length
    return pooled
  }

  /** Takes it back: nobody reads it any more. */
  giveBack(buffer: Buffer): void {
    if (buffer.length + this.#bytes > MAX_POOLED_BYTES) return
    this.#free.unshift(buffer)
    this.#bytes += buffer.length
    if (this.#free.length <= MAX_POOLED) return
    this.#bytes -= this.#free.pop()?.length ?? 0
  }
}

/** So that requests of nearly the same size can use the same buffer. */
const roundUp = (bytes: number): number => {
  const step = 2 ** Math.max(12, Math.floor(Math.log2(bytes)) - 2)
  return Math.ceil(bytes / step) * step
}
