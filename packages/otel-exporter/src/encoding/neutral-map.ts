/** A map of many values: entries in a list, since objects of thousands of names are slow to make. */
export class NeutralMap<Value> {
  readonly entries: readonly (readonly [name: string, value: Value])[]

  constructor(entries: readonly (readonly [name: string, value: Value])[]) {
    this.entries = entries
  }
}
