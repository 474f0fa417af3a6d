import type { PutRecordsRequest } from '../client.js'

/** Room for the punctuation and field names of one record, hash key included. */
const RECORD_OVERHEAD = 110
/** A character of a key takes at most 6 bytes in JSON: `\u0000`. */
const MAX_JSON_BYTES = 6

/**
 * The JSON of a PutRecords request, written straight into one Buffer. A string body would be encoded
 * once more on its way to the socket, and the SDK's serializer walks its schema for each field.
 */
export const putRecordsBody = ({
  Records: records,
  StreamName,
  StreamARN,
}: PutRecordsRequest): Buffer => {
  const target =
    StreamARN === undefined
      ? `"StreamName":${JSON.stringify(StreamName)}`
      : `"StreamARN":${JSON.stringify(StreamARN)}`
  let size = target.length + 20
  for (const { Data, PartitionKey } of records) {
    size += Math.ceil(Data.length / 3) * 4 + PartitionKey.length * MAX_JSON_BYTES + RECORD_OVERHEAD
  }
  const body = Buffer.allocUnsafeSlow(size)
  let at = body.write(`{${target},"Records":[`, 0, 'latin1')
  let start = '{"Data":"'
  for (const { Data, PartitionKey, ExplicitHashKey } of records) {
    const base64 = asBuffer(Data).toString('base64')
    const end = ExplicitHashKey === undefined ? '}' : `,"ExplicitHashKey":"${ExplicitHashKey}"}`
    // One short string a record and one write: neither a rope of the whole body nor tiny writes.
    if (isPlain(PartitionKey))
      at += body.write(`${start + base64}","PartitionKey":"${PartitionKey}"${end}`, at, 'latin1')
    else {
      const key = JSON.stringify(PartitionKey)
      at += body.write(`${start + base64}","PartitionKey":${key}${end}`, at, 'utf8')
    }
    start = ',{"Data":"'
  }
  at += body.write(']}', at, 'latin1')
  return body.subarray(0, at)
}

const asBuffer = (data: Uint8Array): Buffer =>
  Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Whether a string needs no escape and no more than one byte a character. */
const isPlain = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return false
  }
  return true
}
