// Not a peer: the least a Node process can spend on PutRecords. No retry, no limits, no order, no
// timers; an error ends it.

import { createHash, createHmac } from 'node:crypto'
import { Agent, request } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { text } from 'node:stream/consumers'
import { type Load, STREAM } from './load.js'

const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const tlsAgent = new TlsAgent({ keepAlive: true, maxSockets: 64 })
const TARGET = 'Kinesis_20131202.PutRecords'
const TYPE = 'application/x-amz-json-1.1'
const SIGNED = 'content-type;host;x-amz-date;x-amz-target'

const hmac = (key: string | Buffer, data: string): Buffer =>
  createHmac('sha256', key).update(data).digest()
const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')

const authorization = (host: string, body: Buffer, time: string): string => {
  const day = time.slice(0, 8)
  const scope = `${day}/us-east-1/kinesis/aws4_request`
  const canonical = `POST\n/\n\ncontent-type:${TYPE}\nhost:${host}\nx-amz-date:${time}\nx-amz-target:${TARGET}\n\n${SIGNED}\n${sha256(body)}`
  const key = [day, 'us-east-1', 'kinesis', 'aws4_request'].reduce<Buffer>(
    hmac,
    Buffer.from('AWS4bench'),
  )
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`)
  return `AWS4-HMAC-SHA256 Credential=bench/${scope}, SignedHeaders=${SIGNED}, Signature=${signature.toString('hex')}`
}

const post = (url: URL, body: Buffer): Promise<{ FailedRecordCount: number }> =>
  new Promise((resolve, reject) => {
    const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
    const headers = {
      'content-type': TYPE,
      'x-amz-date': time,
      'x-amz-target': TARGET,
      'content-length': body.length,
      authorization: authorization(url.host, body, time),
    }
    const send =
      url.protocol === 'https:'
        ? tlsRequest(url, { method: 'POST', agent: tlsAgent, headers })
        : request(url, { method: 'POST', agent, headers })
    send
      .once('response', response => {
        text(response).then(answer => resolve(JSON.parse(answer)), reject)
      })
      .once('error', reject)
      .end(body)
  })

/** One request, its body put together by string concatenation. */
export const floorRequest = async (
  endpoint: URL,
  { data, keys }: Load,
  from: number,
  to: number,
): Promise<void> => {
  let records = ''
  for (let i = from; i < to; i++) {
    const base64 = data[i % data.length]?.toString('base64')
    records += `${i > from ? ',' : ''}{"Data":"${base64}","PartitionKey":"${keys[i % keys.length]}"}`
  }
  const body = Buffer.from(`{"Records":[${records}],"StreamName":"${STREAM}"}`, 'latin1')
  const { FailedRecordCount } = await post(endpoint, body)
  if (FailedRecordCount !== 0) throw new Error(`${FailedRecordCount} records failed`)
}
