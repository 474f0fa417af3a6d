/** A binary heap: the least item is at the top. */
export class MinHeap<T> {
  readonly #before: (a: T, b: T) => boolean
  #items: T[] = []

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  /** In the order of the heap. */
  get items(): readonly T[] {
    return this.#items
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  /** O(1) for an item that is larger than all others, as a record that was just admitted is. */
  push(item: T): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = items[parent]
      if (above === undefined || !this.#before(item, above)) break
      items[at] = above
      at = parent
    }
    items[at] = item
  }

  pop(): T | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (last !== undefined && items.length > 0) this.#sink(last)
    return top
  }

  /** Keeps the items that pass. */
  filter(wanted: (item: T) => boolean): void {
    const kept = this.#items.filter(wanted)
    this.#items = []
    for (const item of kept) this.push(item)
  }

  #sink(item: T): void {
    const items = this.#items
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      const left = items[child]
      if (left === undefined) break
      let least = left
      const right = items[child + 1]
      if (right !== undefined && this.#before(right, left)) {
        least = right
        child++
      }
      if (!this.#before(least, item)) break
      items[at] = least
      at = child
    }
    items[at] = item
  }
}
