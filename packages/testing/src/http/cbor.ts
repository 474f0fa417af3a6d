import { cbor } from '@smithy/core/cbor'
import { isJson, type Json, listOf } from '../json.js'

export const AMZ_CBOR = 'application/x-amz-cbor-1.1'

/** A request in CBOR as it would be in JSON: bytes become base64. */
export const fromCbor = (body: Buffer): Json | undefined => {
  let value: unknown
  try {
    value = cbor.deserialize(body)
  } catch {
    return undefined
  }
  if (!isJson(value) || !('Records' in value)) return isJson(value) ? value : undefined
  return { ...value, Records: listOf(value['Records']).map(inBase64) }
}

const inBase64 = (record: unknown): unknown => {
  const data = isJson(record) ? record['Data'] : undefined
  if (!isJson(record) || !(data instanceof Uint8Array)) return record
  return { ...record, Data: Buffer.from(data).toString('base64') }
}

/** The body of an answer in JSON as CBOR. */
export const toCbor = (json: string): Buffer => Buffer.from(cbor.serialize(JSON.parse(json)))
