import type { HrTimeLike, ReadableLogRecordLike } from '../log-record.js'
import type { LogChunk, LogEncoder } from './encoder.js'
import { LineChunk } from './line-chunk.js'
import { plain } from './plain.js'

const SHORT_NAMES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const

/** Short name of a severity number 1..24, as the OpenTelemetry data model gives it: 10 is INFO2. */
const severityName = (number: number | undefined): string | undefined => {
  if (number === undefined || number < 1 || number > 24) return undefined
  const step = (number - 1) % 4
  return `${SHORT_NAMES[Math.floor((number - 1) / 4)]}${step === 0 ? '' : step + 1}`
}

/** RFC 3339 with all nine digits: a Date would round to milliseconds. */
const timestamp = ([seconds, nanoseconds]: HrTimeLike): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(nanoseconds).padStart(9, '0')}Z`

const isSet = ([seconds, nanoseconds]: HrTimeLike): boolean => seconds !== 0 || nanoseconds !== 0

/** One log as one line of JSON, without its newline. */
const flatJson = (log: ReadableLogRecordLike): string => {
  const { spanContext, instrumentationScope: scope } = log
  const line = {
    timestamp: timestamp(isSet(log.hrTime) ? log.hrTime : log.hrTimeObserved),
    observed_timestamp: timestamp(log.hrTimeObserved),
    severity: log.severityText ?? severityName(log.severityNumber),
    severity_number: log.severityNumber,
    event_name: log.eventName,
    body: plain(log.body),
    attributes: plain(log.attributes),
    trace_id: spanContext?.traceId,
    span_id: spanContext?.spanId,
    trace_flags: spanContext?.traceFlags,
    resource: plain(log.resource.attributes),
    'otel.scope.name': scope.name,
    'otel.scope.version': scope.version,
    'otel.dropped_attributes_count':
      log.droppedAttributesCount === 0 ? undefined : log.droppedAttributesCount,
  }
  return JSON.stringify(line)
}

/** Flat JSON lines, as the mapping to formats other than OTLP has it. */
export class FlatJsonEncoder implements LogEncoder {
  readonly terminator = '\n'

  open(): LogChunk {
    return new LineChunk('', '\n', '\n', flatJson)
  }
}
