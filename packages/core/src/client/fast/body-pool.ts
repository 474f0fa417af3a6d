/** Bodies that are kept, and their bytes. */
const MAX_POOLED = 32
const MAX_POOLED_BYTES = 32 * 1024 * 1024
/** Bodies that were lent meanwhile, and not this one: it is not needed any more. */
const UNUSED_AFTER = 64
/** A buffer this many times as large as needed is not lent: small requests would hold large ones up. */
const MAX_OVERSIZE = 8
const SMALLEST = 64 * 1024

/**
 * Memory for the bodies of requests, used again and again: the system clears each page that is new
 * to a process, which costs more than writing the body.
 */
export class BodyPool {
  /** The one that was given back last comes first. */
  readonly #free: { readonly buffer: Buffer; readonly since: number }[] = []
  #lent = 0
  bytes = 0

  /** A buffer of at least so many bytes. */
  lend(bytes: number): Buffer {
    this.#lent++
    const at = this.#free.findIndex(
      ({ buffer: { length } }) =>
        length >= bytes && length <= Math.max(SMALLEST, bytes * MAX_OVERSIZE),
    )
    const [pooled] = at === -1 ? [] : this.#free.splice(at, 1)
    this.bytes -= pooled?.buffer.length ?? 0
    this.#dropUnused()
    return pooled?.buffer ?? Buffer.allocUnsafeSlow(Math.max(SMALLEST, roundUp(bytes)))
  }

  /** Takes it back: nobody reads it any more. */
  giveBack(buffer: Buffer): void {
    if (buffer.length > MAX_POOLED_BYTES) return
    this.#free.unshift({ buffer, since: this.#lent })
    this.bytes += buffer.length
    while (this.#free.length > MAX_POOLED || this.bytes > MAX_POOLED_BYTES) this.#dropOldest()
  }

  #dropUnused(): void {
    for (;;) {
      const oldest = this.#free.at(-1)
      if (oldest === undefined || this.#lent - oldest.since < UNUSED_AFTER) return
      this.#dropOldest()
    }
  }

  #dropOldest(): void {
    this.bytes -= this.#free.pop()?.buffer.length ?? 0
  }
}

/** So that requests of nearly the same size can use the same buffer. */
const roundUp = (bytes: number): number => {
  const step = 2 ** Math.max(12, Math.floor(Math.log2(bytes)) - 2)
  return Math.ceil(bytes / step) * step
}
