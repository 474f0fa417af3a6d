import { ConfigError } from '@kinesis-producer/core/adapter/rules'
import type { Exchange } from './http/exchange.js'
import { errorReply, jsonReply, type Reply, ServiceError } from './http/reply.js'
import type { TestKinesis } from './test-kinesis.js'

type Controlled = Pick<
  TestKinesis,
  'summary' | 'records' | 'decoded' | 'faults' | 'releaseHung' | 'dropConnections'
>

/** What a test in another process, or in another language, asks: the pages under /_test. */
export const control = (kinesis: Controlled, exchange: Exchange): Reply => {
  const { pathname, searchParams } = new URL(exchange.path, 'http://localhost')
  // Pages of a browser have no business here.
  if (exchange.headers.origin !== undefined)
    return errorReply('Forbidden', 'requests with an Origin are refused', 403)
  const stream = searchParams.get('stream') ?? ''
  try {
    switch (`${exchange.method} ${pathname}`) {
      case 'GET /_test/summary':
        return jsonReply(kinesis.summary)
      case 'GET /_test/records':
        return jsonReply(kinesis.records(stream).map(inBase64))
      case 'GET /_test/decoded':
        return jsonReply(kinesis.decoded(stream).map(inBase64))
      case 'PUT /_test/faults':
        kinesis.faults(...(exchange.body.toString('utf8').match(/\S+/g) ?? []))
        return jsonReply({})
      case 'POST /_test/release':
        kinesis.releaseHung()
        return jsonReply({})
      case 'POST /_test/drop':
        kinesis.dropConnections()
        return jsonReply({})
      default:
        return errorReply('NotFound', `${exchange.method} ${pathname}`, 404)
    }
  } catch (error) {
    if (error instanceof ServiceError) return error.reply
    if (!(error instanceof ConfigError)) throw error
    return errorReply('ConfigError', error.message, 400)
  }
}

const inBase64 = (record: { readonly data: Buffer }): object => ({
  ...record,
  data: record.data.toString('base64'),
})
