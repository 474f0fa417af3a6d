import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import {
  BatchProducer,
  InvalidRecordError,
  type PackingConfig,
  type RecordInput,
} from '@kinesis-producer/core'
import { offer } from '@kinesis-producer/core/adapter'
import { decode } from '@kinesis-producer/core/decode'
import { recordData } from '@kinesis-producer/core/internal/admission/record-data'
import fc from 'fast-check'
import { FakeClient } from '../../../support/core/fake-client.js'
import { createHarness } from '../../../support/core/harness.js'

/** Bytes of the test, and where they stand in memory that holds others too. */
const BYTES = Uint8Array.from({ length: 16 }, (_, i) => 0x60 + i)
const inMemory = <T extends ArrayBufferLike>(memory: T): T => {
  new Uint8Array(memory).fill(0xff).set(BYTES, 8)
  return memory
}
const memory = (): ArrayBuffer => inMemory(new ArrayBuffer(40))

const FORMS: Readonly<Record<string, () => RecordInput>> = {
  Uint8Array: () => new Uint8Array(memory(), 8, 16),
  Buffer: () => Buffer.from(memory(), 8, 16),
  Uint8ClampedArray: () => new Uint8ClampedArray(memory(), 8, 16),
  Int8Array: () => new Int8Array(memory(), 8, 16),
  Uint16Array: () => new Uint16Array(memory(), 8, 8),
  Int16Array: () => new Int16Array(memory(), 8, 8),
  Uint32Array: () => new Uint32Array(memory(), 8, 4),
  Int32Array: () => new Int32Array(memory(), 8, 4),
  Float32Array: () => new Float32Array(memory(), 8, 4),
  Float64Array: () => new Float64Array(memory(), 8, 2),
  BigInt64Array: () => new BigInt64Array(memory(), 8, 2),
  BigUint64Array: () => new BigUint64Array(memory(), 8, 2),
  DataView: () => new DataView(memory(), 8, 16),
  ArrayBuffer: () => memory().slice(8, 24),
  SharedArrayBuffer: () => {
    const shared = new SharedArrayBuffer(16)
    new Uint8Array(shared).set(BYTES)
    return shared
  },
  'a view of a SharedArrayBuffer': () => new Uint8Array(inMemory(new SharedArrayBuffer(40)), 8, 16),
  'a DataView of a SharedArrayBuffer': () =>
    new DataView(inMemory(new SharedArrayBuffer(40)), 8, 16),
  'a Uint8Array of another realm': () => foreign('new Uint8Array(bytes)'),
  'a Float64Array of another realm': () =>
    foreign('new Float64Array(new Uint8Array(bytes).buffer)'),
  'a DataView of another realm': () => foreign('new DataView(new Uint8Array(bytes).buffer)'),
  'an ArrayBuffer of another realm': () => foreign('new Uint8Array(bytes).buffer'),
  'a SharedArrayBuffer of another realm': () =>
    foreign(
      '(() => { const b = new SharedArrayBuffer(16); new Uint8Array(b).set(bytes); return b })()',
    ),
}

const foreign = (source: string): RecordInput => {
  const made: RecordInput = runInNewContext(source, { bytes: [...BYTES] })
  assert.ok(!(made instanceof Uint8Array) && !(made instanceof ArrayBuffer))
  return made
}

const PACKINGS: readonly PackingConfig[] = [
  { kind: 'none' },
  { kind: 'concat' },
  { kind: 'concat', compression: 'gzip' },
  { kind: 'kpl' },
  { kind: 'kpl', groupBy: 'shard' },
]

describe('the data of a record', () => {
  for (const packing of PACKINGS)
    it(`may be bytes in any form: ${JSON.stringify(packing)}`, async () => {
      const client = new FakeClient()
      const producer = new BatchProducer(client, 's', { packing, logger: false })
      producer.start()
      for (const [name, make] of Object.entries(FORMS)) {
        await producer.add(make(), 'k')
        assert.equal(offer(producer, make(), 'k'), 'admitted', name)
        assert.ok(producer.tryAdd(make(), 'k'), name)
      }
      const receipt = producer.put(new DataView(memory(), 8, 16), 'k')
      await producer.close()
      await receipt
      const read = client.calls.flat().flatMap(record => Array.from(decode(record)))
      assert.equal(read.length, Object.keys(FORMS).length * 3 + 1)
      for (const { data } of read) assert.deepEqual(Buffer.from(data), Buffer.from(BYTES))
    })

  it('is copied, whatever form it has', async () => {
    const client = new FakeClient()
    const producer = new BatchProducer(client, 's', { logger: false })
    producer.start()
    for (const make of Object.values(FORMS)) {
      const given = make()
      void producer.add(given, 'k')
      if (typeof given === 'string') continue
      const view = ArrayBuffer.isView(given)
        ? new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
        : new Uint8Array(given)
      view.fill(0)
    }
    await producer.close()
    for (const { Data } of client.calls.flat())
      assert.deepEqual(Buffer.from(Data), Buffer.from(BYTES))
  })

  it('is the bytes of the view and no others', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(64), fc.nat(64), (bytes, a, b) => {
        const [from, to] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)]
        const expected = Buffer.from(bytes.slice(from, to))
        const view = new DataView(bytes.buffer, bytes.byteOffset + from, to - from)
        assert.deepEqual(Buffer.from(recordData(view)), expected)
        assert.deepEqual(Buffer.from(recordData(bytes.subarray(from, to))), expected)
      }),
    )
  })

  it('may be empty', () => {
    const empty = [new Uint8Array(0), new DataView(new ArrayBuffer(0)), new ArrayBuffer(0)]
    for (const given of [...empty, new BigInt64Array(0), new SharedArrayBuffer(0)])
      assert.equal(recordData(given).length, 0)
    assert.equal(recordData(''), '')
  })

  const transferred = <T extends ArrayBuffer | ArrayBufferView>(given: T): T => {
    const buffer = given instanceof ArrayBuffer ? given : given.buffer
    assert.ok(buffer instanceof ArrayBuffer)
    structuredClone(buffer, { transfer: [buffer] })
    return given
  }

  it('is refused when its memory is gone, which must not pass for no bytes', async () => {
    const { producer, log } = createHarness()
    producer.start()
    for (const given of [
      transferred(new ArrayBuffer(16)),
      transferred(new Uint8Array(memory(), 8, 16)),
      transferred(new Float64Array(memory(), 8, 2)),
      transferred(new BigInt64Array(2)),
      transferred(new DataView(memory(), 8, 16)),
    ]) {
      await assert.rejects(producer.add(given, 'k'), (error: unknown) => {
        assert.ok(error instanceof InvalidRecordError)
        assert.match(error.message, /^data is .*ArrayBuffer that was detached.* copy of its bytes$/)
        return true
      })
      assert.equal(producer.tryAdd(given, 'k'), false)
      assert.equal(offer(producer, given, 'k'), 'invalid')
    }
    assert.equal(producer.stats().admitted, 0)
    assert.match(log[0]?.message ?? '', /refused: data is .*detached/)
    await producer.close()
  })

  it('is refused when a resizable buffer has become too small for the view', () => {
    const made: unknown = Reflect.construct(ArrayBuffer, [16, { maxByteLength: 16 }])
    assert.ok(made instanceof ArrayBuffer)
    for (const view of [new Uint8Array(made, 8, 8), new DataView(made, 8, 8)]) {
      assert.equal(recordData(view).length, 8)
      Reflect.apply(Reflect.get(made, 'resize'), made, [4])
      assert.throws(() => recordData(view), /made smaller/)
      Reflect.apply(Reflect.get(made, 'resize'), made, [16])
    }
  })

  it('is refused when it only looks like bytes', () => {
    for (const given of [
      [1, 2],
      { length: 1, 0: 1 },
      { type: 'Buffer', data: [1] },
      new Proxy(new Uint8Array(3), {}),
      Object.create(Uint8Array.prototype),
      new Set([1]),
      null,
      undefined,
      5,
      Symbol('x'),
    ])
      assert.throws(() => recordData(given), InvalidRecordError)
  })
})
