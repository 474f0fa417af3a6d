import assert from 'node:assert/strict'
import { createContext, runInContext } from 'node:vm'
import { deflateSync, gzipSync } from 'node:zlib'
import type { GetRecordsCommandOutput, SubscribeToShardEventStream } from '@aws-sdk/client-kinesis'
import { decode, type EncodedEvent, type EncodedRecord } from '@kinesis-producer/core/decode'
import { oracleWrite } from '../../support/core/kpl-oracle.js'

const names = { partitionKey: 'pk', sequenceNumber: '49' }
const metadata = { ...names, shardId: 'shardId-000000000000', approximateArrivalTimestamp: 1 }

/** A Kinesis record in each form that has a key and a sequence number. */
const formsOf = (data: Buffer): Record<string, EncodedRecord> => {
  const base64 = data.toString('base64')
  return {
    GetRecords: { Data: data, PartitionKey: 'pk', SequenceNumber: '49' },
    'AWS CLI': { Data: base64, PartitionKey: 'pk', SequenceNumber: '49' },
    Lambda: { kinesis: { ...names, data: base64 } },
    Firehose: { data: base64, kinesisRecordMetadata: metadata },
    'Kinesis Analytics': { data: base64, kinesisStreamRecordMetadata: metadata },
    'EventBridge Pipes': { ...names, data: base64 },
    'KCL MultiLang': { ...names, data: base64, subSequenceNumber: 0 },
  }
}

const read = (record: EncodedRecord | EncodedEvent): string[] =>
  Array.from(decode(record), one =>
    [
      Buffer.from(one.data).toString('utf8'),
      one.partitionKey,
      one.explicitHashKey,
      one.sequenceNumber,
      one.subSequenceNumber,
    ].join(' '),
  )

describe('the forms that decode takes', () => {
  for (const [name, record] of Object.entries(formsOf(Buffer.from('a\nb\n')))) {
    it(`keeps key and sequence number of a record of ${name}`, () => {
      assert.deepEqual(read(record), ['a pk  49 0', 'b pk  49 1'])
    })
  }

  it('keeps keys, hash keys and sequence numbers of aggregates, compressed or not', async () => {
    const [aggregate = Buffer.alloc(0)] = await oracleWrite([
      { data: Buffer.from('one'), partitionKey: 'x', explicitHashKey: '7' },
      { data: Buffer.from('two'), partitionKey: 'y', explicitHashKey: '8' },
    ])
    for (const data of [aggregate, gzipSync(aggregate), deflateSync(aggregate)])
      for (const [name, record] of Object.entries(formsOf(data)))
        assert.deepEqual(read(record), ['one x 7 49 0', 'two y 8 49 1'], name)
  })

  it('takes whole events, whoever sends them', () => {
    const { GetRecords, Lambda, Firehose, ...flat } = formsOf(Buffer.from('a'))
    assert.ok(GetRecords && Lambda && Firehose)
    const expected = ['a pk  49 0', 'a pk  49 0']
    assert.deepEqual(read({ Records: [GetRecords, GetRecords] }), expected)
    assert.deepEqual(read({ Records: [Lambda, Lambda] }), expected)
    assert.deepEqual(read({ records: [Firehose, Firehose] }), expected)
    assert.deepEqual(
      read({ SubscribeToShardEvent: { Records: [GetRecords, GetRecords] } }),
      expected,
    )
    for (const one of Object.values(flat)) assert.deepEqual(read([one, one]), expected)
    assert.deepEqual(read([]), [])
    assert.deepEqual(read({ Records: undefined }), [])
  })

  it('takes what the SDK declares, as it declares it', () => {
    const Records = [{ Data: Buffer.from('a'), PartitionKey: 'pk', SequenceNumber: '49' }]
    const output: GetRecordsCommandOutput = { Records, $metadata: {} }
    assert.deepEqual(read(output), ['a pk  49 0'])
    const event: SubscribeToShardEventStream = {
      SubscribeToShardEvent: { Records, ContinuationSequenceNumber: '49', MillisBehindLatest: 0 },
    }
    assert.deepEqual(read(event), ['a pk  49 0'])
    assert.deepEqual(read(event.SubscribeToShardEvent), ['a pk  49 0'])
  })

  it('goes on counting where the KCL or Firehose took an aggregate apart', () => {
    const data = Buffer.from('a').toString('base64')
    assert.deepEqual(read({ ...names, data, subSequenceNumber: 3 }), ['a pk  49 3'])
    const firehose = { ...metadata, subsequenceNumber: '4' }
    assert.deepEqual(read({ data, kinesisRecordMetadata: firehose }), ['a pk  49 4'])
    const without = { ...metadata, subsequenceNumber: '' }
    assert.deepEqual(read({ data, kinesisRecordMetadata: without }), ['a pk  49 0'])
  })

  it('takes bytes in buffers and views of every kind, and of other realms', () => {
    const bytes = Uint8Array.from(Buffer.from('..hello!'))
    const { buffer } = bytes
    const foreign: Uint8Array = runInContext('Uint8Array.from([104, 105])', createContext())
    assert.equal(foreign instanceof Uint8Array, false)
    const cases: [EncodedRecord, string][] = [
      [foreign, 'hi'],
      [foreign.buffer, 'hi'],
      [{ Data: foreign }, 'hi'],
      [bytes.subarray(2, 7), 'hello'],
      [new DataView(buffer, 2, 5), 'hello'],
      [new Uint16Array(buffer, 2, 1), 'he'],
      [new Float64Array(buffer), '..hello!'],
      [buffer, '..hello!'],
      [new SharedArrayBuffer(2), '\0\0'],
    ]
    for (const [record, expected] of cases)
      assert.deepEqual(
        Array.from(decode(record), one => Buffer.from(one.data).toString()),
        [expected],
      )
  })

  it('has no key and no number where the form has none', () => {
    assert.deepEqual(
      [...decode(Buffer.from('a'))],
      [
        {
          data: Buffer.from('a'),
          partitionKey: undefined,
          explicitHashKey: undefined,
          sequenceNumber: undefined,
          subSequenceNumber: 0,
        },
      ],
    )
    assert.deepEqual(read({ Data: undefined, PartitionKey: 'k' }), [' k   0'])
  })

  it('refuses what it does not know, and says what was seen but not what was in it', () => {
    const cases: [unknown, RegExp][] = [
      [null, /not null$/],
      [undefined, /not undefined$/],
      [1, /not number$/],
      ['c2VjcmV0', /not a string of 8 characters \(base64\?/],
      [Promise.resolve([]), /a promise: await it/],
      [{}, /an object without fields/],
      [{ kinesis: {} }, /an object with kinesis$/],
      [{ dynamodb: { Keys: 'secret' }, eventID: '1' }, /an object with dynamodb, eventID$/],
      [{ Data: 'no base64!' }, /Data is text, but not base64/],
      [{ Data: 'YWJjZ' }, /Data is text, but not base64/],
      [{ Data: 1 }, /Data is a number/],
      [{ data: { type: 'Buffer', data: [115] } }, /data is no bytes \(after JSON\? pass Buffer/],
      [{ kinesis: { data: 'a-b_' } }, /kinesis\.data is text, but not base64/],
      [Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`f${i}`, 0])), /f9 and more$/],
    ]
    for (const [wrong, expected] of cases)
      assert.throws(
        // @ts-expect-error what callers without types may pass
        () => decode(wrong),
        error => {
          assert.ok(error instanceof Error)
          assert.equal(Reflect.get(error, 'code'), 'INVALID_RECORD')
          assert.match(error.message, expected)
          assert.match(error.message, /GetRecords.*Lambda.*Firehose.*EventBridge Pipes.*KCL/)
          assert.doesNotMatch(error.message, /secret|c2VjcmV0/)
          return true
        },
      )
  })

  it('says which record of an event it does not know, when its turn comes', () => {
    const records = decode({ Records: [{ Data: Buffer.from('a') }, JSON.parse('{"Sns":{}}')] })
    assert.equal(records.next().done, false)
    assert.throws(() => records.next(), /record 1 of the event: .* an object with Sns/)
  })
})
