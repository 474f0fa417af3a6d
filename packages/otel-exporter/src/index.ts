export type { KinesisLogRecordExporterOptions } from './exporter.js'
export { KinesisLogRecordExporter } from './exporter.js'
export type { ExportResultLike, HrTimeLike, ReadableLogRecordLike } from './log-record.js'
