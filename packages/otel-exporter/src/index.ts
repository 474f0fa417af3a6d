export type { LogRecordExporterComponent } from './component.js'
export { kinesisComponent } from './component.js'
export type { Encoding } from './encoding/encoder.js'
export { ENCODINGS } from './encoding/encoder.js'
export type { BatchProcessorOptions } from './environment.js'
export { batchOptionsFromEnvironment, exporterOptionsFromEnvironment } from './environment.js'
export type { KinesisLogRecordExporterOptions } from './exporter.js'
export { ACKNOWLEDGE, KinesisLogRecordExporter } from './exporter.js'
export type {
  AttributesLike,
  ExportResultLike,
  HrTimeLike,
  ReadableLogRecordLike,
  ResourceLike,
  ScopeLike,
} from './log-record.js'
export type { Attributes, MeterLike, MeterProviderLike } from './metrics/meter.js'
export { bindProducerMetrics } from './metrics/producer-metrics.js'
export type { KinesisLogOptions, PartitionKey } from './options.js'
export type { KinesisLogRecordProcessorOptions } from './processor.js'
export { KinesisLogRecordProcessor } from './processor.js'
