import {
  batchOptionsFromEnvironment,
  type Environment,
  exporterOptionsFromEnvironment,
  PREFIX,
} from '../environment.js'
import { KinesisLogRecordExporter, type KinesisLogRecordExporterOptions } from '../exporter.js'
import { DEFAULT_SHUTDOWN_TIMEOUT_MS } from '../options.js'
import { KinesisLogRecordProcessor } from '../processor.js'
import { announcer, warn } from './announce.js'
import { BatchDrops } from './batch-drops.js'
import type { Sdk } from './sdk.js'

/** The processor, and what belongs to its end. */
export interface Component {
  readonly processor: unknown
  readonly shutdownTimeout: number
  /** After its shutdown: says what is not said yet. */
  readonly ended: () => void
  /** Ours can hand back what it holds at the very end; what the SDK's holds is lost then. */
  readonly direct: KinesisLogRecordProcessor | undefined
  readonly options: KinesisLogRecordExporterOptions
}

/**
 * Our processor, or with `OTEL_EXPORTER_KINESIS_PROCESSOR=batch` the SDK's. Undefined, and a
 * warning: the environment names no stream.
 * @throws {ConfigError} options that do not go together
 */
export const componentFrom = (sdk: Sdk, env: Environment): Component | undefined => {
  const options = exporterOptionsFromEnvironment(env, warn)
  const batchOptions = batchOptionsFromEnvironment(env, warn)
  if (options.streamName === undefined && options.streamArn === undefined) {
    warn(
      `no log goes to Kinesis: ${PREFIX}STREAM_NAME (or ${PREFIX}STREAM_ARN) is not set, the stream to write to`,
    )
    return undefined
  }
  const kind = env[`${PREFIX}PROCESSOR`]?.trim() || 'direct'
  if (kind !== 'direct' && kind !== 'batch')
    warn(`${PREFIX}PROCESSOR is ignored: it must be direct or batch`)
  const { exportTimeout, ...others } = options
  const shutdownTimeout = options.shutdownTimeout ?? DEFAULT_SHUTDOWN_TIMEOUT_MS
  if (kind === 'batch') {
    const drops = new BatchDrops(warn)
    const exporter = new KinesisLogRecordExporter({ ...options, logger: announcer })
    const processor = batchProcessor(sdk, exporter, {
      ...batchOptions,
      selfObsMeterProvider: drops,
    })
    return { processor, shutdownTimeout, ended: () => drops.end(), direct: undefined, options }
  }
  const direct = new KinesisLogRecordProcessor({
    ...others,
    flushTimeout: exportTimeout,
    logger: announcer,
  })
  return { processor: direct, shutdownTimeout, ended: () => {}, direct, options }
}

/** Earlier 2.x takes an exporter and options, later ones options with an exporter: this is both. */
const batchProcessor = (
  { logs: { BatchLogRecordProcessor } }: Sdk,
  exporter: KinesisLogRecordExporter,
  options: object,
): unknown => {
  const asExporter = {
    export: exporter.export.bind(exporter),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  }
  return new BatchLogRecordProcessor({ ...options, ...asExporter, exporter }, options)
}
