import protobuf from 'protobufjs'

/** The published messages of opentelemetry-proto (logs/v1, resource/v1, common/v1), fields and numbers. */
const PROTO = `
syntax = "proto3";
message LogsData { repeated ResourceLogs resource_logs = 1; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message ScopeLogs { InstrumentationScope scope = 1; repeated LogRecord log_records = 2; string schema_url = 3; }
message InstrumentationScope {
  string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4;
}
message LogRecord {
  fixed64 time_unix_nano = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5;
  repeated KeyValue attributes = 6; uint32 dropped_attributes_count = 7; fixed32 flags = 8;
  bytes trace_id = 9; bytes span_id = 10; fixed64 observed_time_unix_nano = 11; string event_name = 12;
}
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue {
  oneof value {
    string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
    ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
  }
}
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
`
const LogsData = protobuf.parse(PROTO, { keepCase: true }).root.lookupType('LogsData')

export interface LogsDataObject {
  readonly resource_logs?: readonly ResourceLogsObject[]
}
export interface ResourceLogsObject {
  readonly resource?: Fields
  readonly schema_url?: string
  readonly scope_logs?: readonly {
    readonly scope?: Fields
    readonly schema_url?: string
    readonly log_records?: readonly Fields[]
  }[]
}
export type Fields = Readonly<Record<string, unknown>>

/** Decodes with a reader that knows nothing of us: 64-bit numbers as text, bytes as base64. */
export const decodeLogs = (bytes: Uint8Array): LogsDataObject =>
  LogsData.toObject(LogsData.decode(bytes), { longs: String, bytes: String, json: true })

/** All log records of it, in order. */
export const recordsOf = (data: LogsDataObject): Fields[] =>
  (data.resource_logs ?? []).flatMap(({ scope_logs }) =>
    (scope_logs ?? []).flatMap(({ log_records }) => log_records ?? []),
  )
