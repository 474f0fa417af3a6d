import { tellsAllStored } from './json-answer.js'
import { maxJsonBytes, writeJsonBody } from './json-body.js'
import type { Wire } from './wire.js'

/** Some proxies put a byte order mark before all they pass on. */
const BYTE_ORDER_MARK = '\uFEFF'

/** What the SDK speaks with Kinesis. */
export const JSON_WIRE: Wire = {
  contentType: 'application/x-amz-json-1.1',
  maxBodyBytes: maxJsonBytes,
  writeBody: writeJsonBody,
  tellsAllStored,
  parse: answer => {
    const text = answer.toString('utf8')
    return JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text)
  },
}
