import type { KinesisClient, KinesisClientConfig } from '@aws-sdk/client-kinesis'
import { checkOneOf, checkText } from '../config/check.js'
import { withDeadline } from './credentials.js'
import { FastKinesisClient } from './fast/fast-client.js'
import { requestHandlerOf, withoutGaps } from './request-handler.js'
import { CBOR_WIRE } from './wire/cbor-wire.js'
import { JSON_WIRE } from './wire/json-wire.js'
import { WIRE_FORMATS } from './wire-formats.js'

/** Far more than any region has. */
const MAX_REGION = 100

/** Options of `createKinesisClient`: the SDK's own, and the format of PutRecords. */
export interface ProducerClientConfig extends KinesisClientConfig {
  /**
   * `cbor`: records go as bytes, without base64, which takes a third less CPU and network. The AWS
   * SDK for Java speaks it with Kinesis; ours was tested with our own endpoint and an emulator, not with AWS. An endpoint that does
   * not understand it is spoken to in JSON.
   * @default 'json'
   */
  readonly wireFormat?: (typeof WIRE_FORMATS)[number] | undefined
}

/**
 * Makes a `KinesisClient` fit for a producer. The SDK's own defaults open a connection for each
 * PutRecords and repeat whole requests; this one
 *
 * - keeps its connections alive (HTTP/1.1),
 * - gives up connecting after 5 s, and waits for an answer as long as the producer's
 *   `requestTimeout` says,
 * - repeats nothing: the producer does, and only the records that failed,
 * - asks for new credentials after the service refused the old ones,
 * - sends PutRecords a shorter way through the SDK, for a fraction of its CPU time. Middleware of
 *   your own, wrappers of `send`, instrumentation, and options that change retries, logging or the
 *   protocol switch that off: they see every request.
 *
 * @param config any option of the SDK's client; what you give wins, and `undefined` gives nothing.
 *   A `requestHandler` that is a plain object adds its options to ours (those of `NodeHttpHandler`)
 * Without a `region`, what the SDK finds is used (AWS_REGION, profile), or else the region of the
 * first stream that a producer names by its ARN.
 *
 * @throws {ConfigError} unknown `wireFormat`, a `region` that is no text
 */
export const createKinesisClient = (config: ProducerClientConfig = {}): KinesisClient => {
  const { wireFormat = 'json', requestHandler, credentials, ...others } = withoutGaps(config)
  checkOneOf('wireFormat', wireFormat, WIRE_FORMATS)
  if (typeof others.region !== 'function') checkText('region', others.region, MAX_REGION)
  const options = {
    // Credentials files are read again when new credentials are asked for.
    ignoreCache: true,
    maxAttempts: 1,
    ...others,
    ...(credentials !== undefined && { credentials: withDeadline(credentials) }),
    requestHandler: requestHandlerOf(requestHandler),
  }
  const handlerIsOurs = options.requestHandler !== requestHandler
  const wire = wireFormat === 'cbor' ? CBOR_WIRE : JSON_WIRE
  return withoutNodeVersionWarning(
    () => new FastKinesisClient(options, Object.keys(others), wire, handlerIsOurs),
  )
}

const SWITCH = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'

/** The SDK warns about Node 20 when its first client is made; our users did not choose that client. */
const withoutNodeVersionWarning = <T>(make: () => T): T => {
  const before = process.env[SWITCH]
  process.env[SWITCH] = 'true'
  try {
    return make()
  } finally {
    if (before === undefined) delete process.env[SWITCH]
    else process.env[SWITCH] = before
  }
}
