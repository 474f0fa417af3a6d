export type {
  ExportResultLike,
  HrTimeLike,
  KinesisLogRecordExporterOptions,
  ReadableLogRecordLike,
} from './index.js'
export { KinesisLogRecordExporter } from './index.js'
