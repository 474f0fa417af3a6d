import { CorruptRecordError } from '../errors/errors.js'

export const endsWith = (data: Uint8Array, end: Uint8Array): boolean => {
  const from = data.length - end.length
  return from >= 0 && end.every((byte, i) => data[from + i] === byte)
}

/**
 * The records of a concat pack; what follows the last terminator is a record of its own. Counted
 * first: nothing is yielded of a pack that is refused.
 * @throws {CorruptRecordError} there are more than `maxRecords`
 */
export const split = (
  data: Buffer,
  terminator: Uint8Array,
  maxRecords: number,
): Iterable<{ data: Buffer }> => {
  let count = 0
  for (const _ of ends(data, terminator)) {
    if (++count > maxRecords)
      throw new CorruptRecordError(`the pack has more than maxRecords ${maxRecords} records`)
  }
  return windows(data, terminator)
}

function* windows(
  data: Buffer,
  terminator: Uint8Array,
): Generator<{ data: Buffer }, void, undefined> {
  let from = 0
  for (const to of ends(data, terminator)) {
    yield { data: data.subarray(from, to) }
    from = to + terminator.length
  }
}

/** Where each record ends. Data that is empty is one empty record. */
function* ends(data: Buffer, terminator: Uint8Array): Generator<number, void, undefined> {
  const [only] = terminator.length === 1 ? terminator : []
  let from = 0
  do {
    const to = data.indexOf(only ?? terminator, from)
    if (to === -1) {
      yield data.length
      return
    }
    yield to
    from = to + terminator.length
  } while (from < data.length)
}
