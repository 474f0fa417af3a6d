export type {
  Attributes,
  Encoding,
  ExportResultLike,
  HrTimeLike,
  KinesisLogOptions,
  KinesisLogRecordExporterOptions,
  KinesisLogRecordProcessorOptions,
  MeterLike,
  MeterProviderLike,
  PartitionKey,
  ReadableLogRecordLike,
  ResourceLike,
  ScopeLike,
} from './index.js'
export {
  ACKNOWLEDGE,
  bindProducerMetrics,
  ENCODINGS,
  KinesisLogRecordExporter,
  KinesisLogRecordProcessor,
} from './index.js'
