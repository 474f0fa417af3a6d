/** A field of a protobuf message: its number, and its value as it lies there. */
export type Field =
  | { readonly number: number; readonly kind: 'varint' | 'fixed64'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'fixed32'; readonly value: number }
  | { readonly number: number; readonly kind: 'bytes'; readonly value: Uint8Array }

/** The message is cut short, or none at all. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage'
}

const MAX_VARINT_BYTES = 10

/** The fields of a message, one after the other; throws `MalformedMessage` at the first that is none. */
export function* fieldsOf(message: Uint8Array): Generator<Field, void, undefined> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let i = 0n; i < MAX_VARINT_BYTES; i++) {
      const byte = message[at++]
      if (byte === undefined) break
      value |= BigInt(byte & 0x7f) << (7n * i)
      if (byte < 0x80) return value
    }
    throw new MalformedMessage('a number is cut short')
  }
  const fixed = (size: number): number => {
    if (at + size > message.length) throw new MalformedMessage('a field is cut short')
    at += size
    return at - size
  }
  while (at < message.length) {
    const tag = Number(varint())
    const number = Math.floor(tag / 8)
    switch (tag % 8) {
      case 0:
        yield { number, kind: 'varint', value: varint() }
        break
      case 1:
        yield { number, kind: 'fixed64', value: view.getBigUint64(fixed(8), true) }
        break
      case 2: {
        const size = Number(varint())
        const start = fixed(size)
        yield { number, kind: 'bytes', value: message.subarray(start, start + size) }
        break
      }
      case 5:
        yield { number, kind: 'fixed32', value: view.getUint32(fixed(4), true) }
        break
      default:
        throw new MalformedMessage(`a field of type ${tag % 8}`)
    }
  }
}
