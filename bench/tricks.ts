// What each shortcut of the client saves, by itself: the same work with and without it, in turn, and
// the ratio of the medians. A trick that saves nothing has to go.

import type { WireRecord } from '@kinesis-producer/core'
import { createKinesisClient } from '@kinesis-producer/core'
import { readAnswer } from '@kinesis-producer/core/internal/client/answer'
import { FastKinesisClient } from '@kinesis-producer/core/internal/client/fast/fast-client'
import { sendPutRecords } from '@kinesis-producer/core/internal/client/put-command'
import { UnreadAnswer } from '@kinesis-producer/core/internal/client/unread-answer'
import { Base64Sink, base64Length } from '@kinesis-producer/core/internal/client/wire/base64'
import { CBOR_WIRE } from '@kinesis-producer/core/internal/client/wire/cbor-wire'
import { writeJsonBody, writePlain } from '@kinesis-producer/core/internal/client/wire/json-body'
import { JSON_WIRE } from '@kinesis-producer/core/internal/client/wire/json-wire'
import type { Wire } from '@kinesis-producer/core/internal/client/wire/wire'
import { PADDING } from '@kinesis-producer/core/internal/packing/none/padding'
import type { PlainRecord } from '@kinesis-producer/core/internal/packing/outgoing'
import { SlabStore } from '@kinesis-producer/core/internal/store/slab-store'
import { cbor } from '@smithy/core/cbor'
import { CREDENTIALS, makeLoad, STREAM } from './load.js'

type Work = () => unknown

const ROUNDS = 15
const RECORDS = 500

const cpuMicros = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** Microseconds of CPU that one run takes, of each kind in turn. */
const race = async (times: number, works: readonly Work[]): Promise<readonly number[]> => {
  const taken = works.map((): number[] => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, work] of works.entries()) {
      const before = cpuMicros()
      for (let n = 0; n < times; n++) await work()
      // The first rounds warm the compiler up.
      if (round >= 3) taken[i]?.push((cpuMicros() - before) / times)
    }
  }
  return taken.map(median)
}

const { data, keys } = makeLoad(200)
const records: WireRecord[] = Array.from({ length: RECORDS }, (_, i) => ({
  Data: data[i % data.length] ?? Buffer.alloc(200),
  PartitionKey: keys[i % keys.length] ?? 'k',
}))
const store = new SlabStore(64 * 1024 * 1024, PADDING)
/** As they lie in memory when they are sent for the first time. */
const outgoing = records.map(({ Data, PartitionKey }, i): PlainRecord => {
  store.write(Data, PartitionKey, undefined, Data.length, 0, undefined, i)
  const { slab, index } = store
  const start = slab.starts[index] ?? 0
  return { PartitionKey, ExplicitHashKey: undefined, memory: slab.memory, start, size: Data.length }
})
const request = { StreamName: STREAM, Records: outgoing }
const room = Buffer.allocUnsafeSlow(
  Math.max(JSON_WIRE.maxBodyBytes(request), CBOR_WIRE.maxBodyBytes(request)),
)

const stored = {
  FailedRecordCount: 0,
  Records: records.map((_, i) => ({
    SequenceNumber: `4955${String(i).padStart(52, '0')}`,
    ShardId: 'shardId-000000000001',
  })),
}
const JSON_ANSWER = Buffer.from(JSON.stringify(stored))
const CBOR_ANSWER = Buffer.from(cbor.serialize(stored))

const scanned =
  (wire: Wire, answer: Buffer): Work =>
  () => {
    if (!wire.tellsAllStored(answer, RECORDS)) throw new Error('not told')
    return readAnswer(new UnreadAnswer(RECORDS, () => wire.parse(answer)), RECORDS, false)
  }
const parsed =
  (wire: Wire, answer: Buffer): Work =>
  () =>
    readAnswer(wire.parse(answer), RECORDS, false)

const plainKeys = (): number => {
  let at = 0
  for (const { PartitionKey } of records) at = writePlain(room, PartitionKey, at)
  return at
}
const keysAsJson = (): number => {
  let at = 0
  for (const { PartitionKey } of records)
    at += room.write(JSON.stringify(PartitionKey).slice(1, -1), at, 'utf8')
  return at
}

/** The body as one would write it: a string, encoded when it is whole. */
const bodyOfText = (): Buffer => {
  let text = `{"StreamName":${JSON.stringify(STREAM)},"Records":[`
  let comma = ''
  for (const { Data, PartitionKey } of records) {
    const base64 = Buffer.from(Data.buffer, Data.byteOffset, Data.length).toString('base64')
    text += `${comma}{"Data":"${base64}","PartitionKey":${JSON.stringify(PartitionKey)}}`
    comma = ','
  }
  return Buffer.from(`${text}]}`)
}

/** Straight into a buffer, but each record's base64 by a call of its own. */
const bodyOneByOne = (): number => {
  let at = room.write(`{"StreamName":${JSON.stringify(STREAM)},"Records":[`, 0, 'latin1')
  let comma = ''
  for (const { Data, PartitionKey } of records) {
    const base64 = Buffer.from(Data.buffer, Data.byteOffset, Data.length).toString('base64')
    at += room.write(`${comma}{"Data":"`, at, 'latin1')
    at += room.write(base64, at, 'latin1')
    at += room.write('","PartitionKey":', at, 'latin1')
    at += room.write(`${JSON.stringify(PartitionKey)}}`, at, 'utf8')
    comma = ','
  }
  return at + room.write(']}', at, 'latin1')
}

const AGGREGATE = Buffer.alloc(1_000_000, 'aggregate ')
const target = Buffer.allocUnsafeSlow(base64Length(AGGREGATE.length))
const inPieces = (): number => {
  const sink = new Base64Sink(target, 0)
  sink.bytes(AGGREGATE)
  return sink.end()
}
const atOnce = (): number => target.write(AGGREGATE.toString('base64'), 0, 'latin1')

/** A client whose handler answers at once: what is left is the client's own work. */
const answering = (): FastKinesisClient => {
  const client = createKinesisClient({
    region: 'us-east-1',
    endpoint: 'http://localhost',
    credentials: CREDENTIALS,
    requestHandler: {
      handle: async () => ({
        response: {
          statusCode: 200,
          reason: 'OK',
          headers: { 'content-type': JSON_WIRE.contentType },
          // A copy: the SDK changes what it reads.
          body: Buffer.from(JSON_ANSWER),
        },
      }),
      updateHttpClientConfig: () => {},
      httpHandlerConfigs: () => ({}),
    },
  })
  if (!FastKinesisClient.isOne(client)) throw new Error('not the fast client')
  return client
}
const short = answering()
const long = answering()

const TRICKS: readonly (readonly [trick: string, times: number, withIt: Work, without: Work])[] = [
  [
    'answers scanned, not parsed (JSON)',
    40,
    scanned(JSON_WIRE, JSON_ANSWER),
    parsed(JSON_WIRE, JSON_ANSWER),
  ],
  [
    'answers scanned, not parsed (CBOR)',
    40,
    scanned(CBOR_WIRE, CBOR_ANSWER),
    parsed(CBOR_WIRE, CBOR_ANSWER),
  ],
  ['keys without escapes byte by byte, against JSON.stringify', 100, plainKeys, keysAsJson],
  [
    'body written into a buffer, base64 in groups, against a string',
    40,
    () => writeJsonBody(request, room),
    bodyOfText,
  ],
  [
    'base64 in groups, against one call a record',
    40,
    () => writeJsonBody(request, room),
    bodyOneByOne,
  ],
  ['base64 of 1 MB in pieces, against one string', 20, inPieces, atOnce],
  [
    'CBOR, against JSON (body only)',
    40,
    () => CBOR_WIRE.writeBody(request, room),
    () => writeJsonBody(request, room),
  ],
  [
    'template, against the SDK’s pipeline (signature included)',
    10,
    () => short.putOutgoing(request),
    () => sendPutRecords(long, request, {}),
  ],
]

await short.putOutgoing(request)
console.log(`CPU of one request of ${RECORDS} records of 200 B, microseconds (medians)\n`)
console.log('| trick | with | without | with / without |\n| --- | ---: | ---: | ---: |')
for (const [trick, times, withIt, without] of TRICKS) {
  const [a = Number.NaN, b = Number.NaN] = await race(times, [withIt, without])
  console.log(`| ${trick} | ${a.toFixed(0)} | ${b.toFixed(0)} | ${(a / b).toFixed(2)} |`)
}
