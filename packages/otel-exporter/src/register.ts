/**
 * `node --import @kinesis-producer/otel-exporter/register app.js`: a global LoggerProvider from the
 * environment, with a batch processor and this exporter. It loads the SDK, which the rest of the
 * package does not.
 */

import { createRequire } from 'node:module'
import { batchOptionsFromEnvironment, exporterOptionsFromEnvironment } from './environment.js'
import { KinesisLogRecordExporter } from './exporter.js'

/** The part of the SDK's `LoggerProvider` that a program needs. */
export interface Provider {
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
}
interface SdkProvider extends Provider {
  /** Up to 0.202; 0.200 knows no other way. */
  addLogRecordProcessor?(processor: unknown): void
}
interface Sdk {
  readonly LoggerProvider: new (options: object) => SdkProvider
  readonly BatchLogRecordProcessor: new (options: object, olderOptions: object) => unknown
}
interface Resources {
  readonly detectResources: (options: object) => unknown
  readonly defaultResource: () => { merge(other: unknown): unknown }
  readonly envDetector: unknown
}
interface LogsApi {
  readonly logs?: { setGlobalLoggerProvider(provider: Provider): void }
}

const sdkPath = require.resolve('@opentelemetry/sdk-logs')
const fromSdk = createRequire(sdkPath)
const { LoggerProvider, BatchLogRecordProcessor }: Sdk = require(sdkPath)
const { detectResources, defaultResource, envDetector }: Resources = fromSdk(
  '@opentelemetry/resources',
)

/** SDK 2.x has the logs API in a package of its own, 3.x in `@opentelemetry/api`. */
const logsApi = (): LogsApi => {
  const api: LogsApi = fromSdk('@opentelemetry/api')
  return api.logs === undefined ? fromSdk('@opentelemetry/api-logs') : api
}

/** Earlier 2.x takes an exporter and options, later ones options with an exporter: this is both. */
const batchProcessor = (): unknown => {
  const exporter = new KinesisLogRecordExporter(exporterOptionsFromEnvironment())
  const options = batchOptionsFromEnvironment()
  const asExporter = {
    export: exporter.export.bind(exporter),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  }
  return new BatchLogRecordProcessor({ ...options, ...asExporter, exporter }, options)
}

const makeProvider = (): Provider => {
  const resource = defaultResource().merge(detectResources({ detectors: [envDetector] }))
  const adds = 'addLogRecordProcessor' in LoggerProvider.prototype
  const provider = new LoggerProvider({ resource, processors: adds ? [] : [batchProcessor()] })
  if (adds) provider.addLogRecordProcessor?.(batchProcessor())
  return provider
}

/** The provider it made, to be flushed or shut down by the program. */
export const loggerProvider: Provider = makeProvider()
logsApi().logs?.setGlobalLoggerProvider(loggerProvider)

// The SDK flushes by itself neither when the program has nothing left to do nor when it is told to
// stop. Signals are the program's business; one that handles none ends at once, as it always did.
process.once('beforeExit', () => void loggerProvider.shutdown())
