export { KinesisLogRecordExporter } from './index.js'
export type { KinesisLogRecordExporterOptions } from './index.js'
export type { ExportResultLike, HrTimeLike, ReadableLogRecordLike } from './index.js'
