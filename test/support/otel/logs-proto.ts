import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  createFileRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  toJson,
} from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import protobuf from 'protobufjs'
import descriptor from 'protobufjs/ext/descriptor/index.js'

export const PROTO_FILE: string = fileURLToPath(
  new URL('../../../../test/data/otlp-logs.proto', import.meta.url),
)
const { root } = protobuf.parse(readFileSync(PROTO_FILE, 'utf8'), { keepCase: true })
const LogsData = root.lookupType('LogsData')

/** The same for protobuf-es, whose names in JSON have to be given. */
const schemaOf = (type: string): DescMessage => {
  root.resolveAll()
  const made: unknown = Reflect.apply(Reflect.get(root, 'toDescriptor'), root, ['proto3'])
  const set = fromBinary(
    FileDescriptorSetSchema,
    descriptor.FileDescriptorSet.encode(Object(made)).finish(),
  )
  for (const file of set.file)
    for (const message of file.messageType)
      for (const field of message.field)
        field.jsonName = field.name.replace(/_./g, match => match.slice(1).toUpperCase())
  const schema = createFileRegistry(set).getMessage(type)
  if (schema === undefined) throw new Error(`${PROTO_FILE} has no ${type}`)
  return schema
}
const SCHEMA = schemaOf('LogsData')

/** What protobuf-es reads of protobuf, in its JSON; throws for what it refuses. */
export const esProto = (bytes: Uint8Array): unknown => toJson(SCHEMA, fromBinary(SCHEMA, bytes))

/** What protobuf-es reads of a line of OTLP JSON, in its JSON; throws for what it refuses. */
export const esJson = (line: string): unknown => toJson(SCHEMA, fromJson(SCHEMA, JSON.parse(line)))

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

/** Messages within messages, `LogsData` counted: what readers count against their limit of 100. */
export const depthOf = (type: string, bytes: Uint8Array): number => {
  const reader = protobuf.Reader.create(bytes)
  const { fieldsById } = root.lookupType(type)
  let depth = 0
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const field = fieldsById[tag >>> 3]
    if (field?.resolvedType instanceof protobuf.Type)
      depth = Math.max(depth, depthOf(field.resolvedType.name, reader.bytes()))
    else reader.skipType(tag & 7)
  }
  return depth + 1
}
