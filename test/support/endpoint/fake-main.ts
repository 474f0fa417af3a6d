import { childOptions, runChild } from './child-main.js'
import { type FakeOptions, type StreamOptions, startFakeKinesis } from './fake-kinesis.js'
import { isJson, type Json, numberOf } from './json.js'
import type { ShardLimits } from './shard-limiter.js'

const streamOf = (value: unknown): number | StreamOptions => {
  if (!isJson(value)) return numberOf(value) ?? 1
  const maxRecordBytes = numberOf(value['maxRecordBytes'])
  return {
    shards: numberOf(value['shards']) ?? 1,
    ...(maxRecordBytes !== undefined && { maxRecordBytes }),
  }
}

const limitsOf = (value: unknown): ShardLimits | undefined => {
  if (!isJson(value)) return undefined
  return {
    recordsPerSecond: numberOf(value['recordsPerSecond']) ?? Number.POSITIVE_INFINITY,
    bytesPerSecond: numberOf(value['bytesPerSecond']) ?? Number.POSITIVE_INFINITY,
  }
}

const optionsOf = (json: Json): FakeOptions => {
  const streams = isJson(json['streams']) ? json['streams'] : { s: 4 }
  const limits = limitsOf(json['limits'])
  return {
    streams: Object.fromEntries(Object.entries(streams).map(([name, of]) => [name, streamOf(of)])),
    store: json['store'] === true,
    latency: numberOf(json['latency']) ?? 0,
    seed: numberOf(json['seed']) ?? 1,
    port: numberOf(json['port']) ?? 0,
    ...(limits && { limits }),
  }
}

const fake = await startFakeKinesis(optionsOf(childOptions()))
runChild(fake.port, {
  setFault: fault => fake.always(fault),
  script: faults => fake.script(...faults),
  releaseHung: () => fake.releaseHung(),
  dropConnections: () => fake.dropConnections(),
})
