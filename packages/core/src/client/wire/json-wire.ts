import { tellsAllStored } from './json-answer.js'
import { maxJsonBytes, writeJsonBody } from './json-body.js'
import type { Wire } from './wire.js'

/** What the SDK speaks with Kinesis. */
export const JSON_WIRE: Wire = {
  contentType: 'application/x-amz-json-1.1',
  maxBodyBytes: maxJsonBytes,
  writeBody: writeJsonBody,
  tellsAllStored,
  parse: answer => JSON.parse(answer.toString('utf8')),
}
