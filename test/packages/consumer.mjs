// Run inside a project that installed the packed tarballs.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
for (const [name, expected] of [
  ['@kinesis-producer/core', 'BatchProducer'],
  ['@kinesis-producer/core/adapter', 'offer'],
  ['@kinesis-producer/core/adapter/rules', 'lossSentence'],
  ['@kinesis-producer/core/decode', 'decode'],
  ['@kinesis-producer/core/worker', 'createWorkerProducer'],
  ['@kinesis-producer/core/worker/thread', 'runWorker'],
  ['@kinesis-producer/otel-exporter', 'KinesisLogRecordExporter'],
  ['@kinesis-producer/pino-transport', 'pinoKinesis'],
  ['@kinesis-producer/testing', 'startKinesis'],
  ['@kinesis-producer/testing/report', 'createRunReport'],
]) {
  const [imported, required] = [await import(name), require(name)]
  assert.equal(typeof imported[expected], 'function', `${name}: import`)
  // One copy of the code in a process: a class is the same class however it was loaded.
  assert.equal(imported[expected], required[expected], `${name}: import and require`)
  const names = Object.keys(required).filter(key => key !== '__esModule')
  assert.deepEqual(names.toSorted(), Object.keys(imported).toSorted(), `${name}: the same names`)
  if (name.split('/').length > 2) continue
  await assert.rejects(import(`${name}/internal/index`), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' })
}
const { default: pinoTransport } = await import('@kinesis-producer/pino-transport')
assert.equal(typeof pinoTransport, 'function')
