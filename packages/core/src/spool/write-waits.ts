interface Group {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

const newGroup = (): Group => {
  let resolve = (): void => {}
  const promise = new Promise<void>(done => {
    resolve = done
  })
  return { promise, resolve }
}

/** Who waits until records are on disk. All who ask for the same share one promise. */
export class WriteWaits {
  #write: Group | undefined
  /** By the sequence up to which they wait, in their order. */
  #syncs: { readonly end: number; readonly group: Group }[] = []

  /** Whether somebody waits for the next write. */
  get isExpected(): boolean {
    return this.#write !== undefined
  }

  untilWritten(): Promise<void> {
    this.#write ??= newGroup()
    return this.#write.promise
  }

  /** Until all before this sequence is synced. */
  untilSynced(end: number): Promise<void> {
    const last = this.#syncs.at(-1)
    if (last?.end === end) return last.group.promise
    // Synced already, if nobody waits for it and nothing was written since.
    if (last === undefined && end <= this.#syncedEnd) return Promise.resolve()
    const group = newGroup()
    this.#syncs.push({ end, group })
    return group.promise
  }

  /** @param isHalf whether what was written has to be synced as well */
  written(end: number, isHalf: boolean): void {
    const group = this.#write
    if (group === undefined) return
    this.#write = undefined
    if (isHalf) this.#syncs.push({ end, group })
    else group.resolve()
  }

  synced(end: number): void {
    this.#syncedEnd = end
    const waiting = this.#syncs
    this.#syncs = waiting.filter(wait => wait.end > end)
    for (const wait of waiting) if (wait.end <= end) wait.group.resolve()
  }

  /** Nobody waits any longer. */
  all(): void {
    this.#write?.resolve()
    this.#write = undefined
    for (const { group } of this.#syncs.splice(0)) group.resolve()
  }

  #syncedEnd = 1
}
