import { ConfigError, show } from '@kinesis-producer/core/adapter'
import { KinesisLogRecordExporter, type KinesisLogRecordExporterOptions } from './exporter.js'

/** An exporter as declarative configuration knows it. */
export interface LogRecordExporterComponent {
  readonly type: 'LogRecordExporter'
  readonly name: 'kinesis'
  /**
   * Makes the exporter of the properties below its name in a configuration file; they are the
   * options of `KinesisLogRecordExporter` in snake case (`stream_name: logs`).
   * @throws {ConfigError} naming the property that is missing, unknown or wrong
   */
  createComponent(properties: Readonly<Record<string, unknown>> | null): KinesisLogRecordExporter
}

export const kinesisComponent: LogRecordExporterComponent = {
  type: 'LogRecordExporter',
  name: 'kinesis',
  createComponent: properties => {
    if (typeof properties !== 'object' || Array.isArray(properties))
      throw new ConfigError(
        `kinesis exporter: its configuration must be a map of properties, not ${show(properties)}`,
      )
    const options: KinesisLogRecordExporterOptions = Object.fromEntries(
      Object.entries(properties ?? {}).map(([name, value]) => [
        camelCase(name),
        inCamelCase(value),
      ]),
    )
    return new KinesisLogRecordExporter(options)
  },
}

const camelCase = (name: string): string =>
  name.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())

/** Options may hold options, such as `packing`; what is no data, such as a client, stays what it is. */
const inCamelCase = (value: unknown): unknown =>
  isMap(value)
    ? Object.fromEntries(
        Object.entries(value).map(([name, own]) => [camelCase(name), inCamelCase(own)]),
      )
    : value

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
