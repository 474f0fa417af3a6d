// What a consumer bundles: it needs no SDK.
import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { CorruptRecordError, decode } from '@kinesis-producer/core/decode'
import { decodeLogs } from '@kinesis-producer/otel-exporter/decode'

const texts = [...decode(gzipSync('one\ntwo\n'))].map(({ data }) => Buffer.from(data).toString())
assert.deepEqual(texts, ['one', 'two'])
assert.throws(
  () => decodeLogs(Buffer.from('no logs')),
  error => error instanceof CorruptRecordError && error.name === 'CorruptRecordError',
)
