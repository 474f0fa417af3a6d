import { createRequire } from 'node:module'

/** The part of the SDK's `LoggerProvider` that a program needs. */
export interface Provider {
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
}

interface SdkProvider extends Provider {
  /** Up to 0.202; 0.200 knows no other way. */
  addLogRecordProcessor?(processor: unknown): void
}

interface LogsApi {
  readonly logs?: { setGlobalLoggerProvider(provider: Provider): unknown }
}

interface SdkLogs {
  readonly LoggerProvider: new (options: object) => SdkProvider
  readonly BatchLogRecordProcessor: new (options: object, olderOptions: object) => unknown
}

export interface Resources {
  readonly detectResources: (options: object) => unknown
  readonly defaultResource: () => { merge(other: unknown): unknown }
}

/** The SDK that the application has, with the packages that belong to it. */
export interface Sdk {
  readonly logs: SdkLogs
  readonly resources: Resources
  /** Loads a module as the SDK would; throws if there is none. */
  readonly load: (name: string) => unknown
}

/** @throws if the SDK is not installed */
export const loadSdk = (): Sdk => {
  const path = require.resolve('@opentelemetry/sdk-logs')
  const load = createRequire(path)
  return { logs: require(path), resources: load('@opentelemetry/resources'), load }
}

export const makeProvider = (
  { logs: { LoggerProvider } }: Sdk,
  resource: unknown,
  processor: unknown,
): Provider => {
  const adds = 'addLogRecordProcessor' in LoggerProvider.prototype
  const provider = new LoggerProvider({ resource, processors: adds ? [] : [processor] })
  if (adds) provider.addLogRecordProcessor?.(processor)
  return provider
}

/** False: there is one already, and it stays. */
export const becomeGlobal = ({ load }: Sdk, provider: Provider): boolean => {
  // SDK 2.x has the logs API in a package of its own, 3.x in `@opentelemetry/api`.
  const api: LogsApi = Object(load('@opentelemetry/api'))
  const { logs }: LogsApi = api.logs === undefined ? Object(load('@opentelemetry/api-logs')) : api
  // 2.x returns the one that is global now, 3.x whether it is this one.
  const result: unknown = logs?.setGlobalLoggerProvider(provider)
  return result === provider || result === true
}
