// The same in a bundle in which some import the packages and some require them: one copy serves all.
import assert from 'node:assert/strict'
import { BatchProducer, ConfigError } from '@kinesis-producer/core'
import { offer } from '@kinesis-producer/core/adapter'
import { CorruptRecordError, decode } from '@kinesis-producer/core/decode'
import { KinesisLogRecordExporter } from '@kinesis-producer/otel-exporter'
import { decodeLogs } from '@kinesis-producer/otel-exporter/decode'
import { done } from './full.mjs'
import required from './required.cjs'

const imported = {
  BatchProducer,
  ConfigError,
  CorruptRecordError,
  decode,
  decodeLogs,
  KinesisLogRecordExporter,
  offer,
}
for (const [name, value] of Object.entries(imported)) assert.equal(value, required[name], name)
assert.throws(() => new required.KinesisLogRecordExporter({ strem: 1 }), ConfigError)
void done
