import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { KinesisClient, KinesisClientConfig } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { checkOneOf } from '../config/check.js'
import { FastKinesisClient } from './fast/fast-client.js'
import { CBOR_WIRE } from './wire/cbor-wire.js'
import { JSON_WIRE } from './wire/json-wire.js'

const CONNECT_TIMEOUT_MS = 5000
const REQUEST_TIMEOUT_MS = 20_000
const MAX_SOCKETS = 256

/** Formats of PutRecords requests. */
export const WIRE_FORMATS = ['json', 'cbor'] as const

/** Options of `createKinesisClient`: the SDK's own, and the format of PutRecords. */
export interface ProducerClientConfig extends KinesisClientConfig {
  /**
   * `cbor`: records go as bytes, without base64, which takes a third less CPU and network. The AWS
   * SDK for Java speaks it with Kinesis; ours was tested with emulators only. An endpoint that does
   * not understand it is spoken to in JSON.
   * @default 'json'
   */
  readonly wireFormat?: (typeof WIRE_FORMATS)[number] | undefined
}

/**
 * Makes a `KinesisClient` fit for a producer. The SDK's own defaults open a connection for each
 * PutRecords, wait for an answer without end and repeat whole requests; this one
 *
 * - keeps its connections alive (HTTP/1.1),
 * - gives up connecting after 5 s and waiting for an answer after 20 s,
 * - repeats nothing: the producer does, and only the records that failed,
 * - sends PutRecords a shorter way through the SDK, for a fraction of its CPU time. Middleware of
 *   your own, or options that change retries, logging or the protocol, switch that off; add
 *   middleware before the first request.
 *
 * @param config any option of the SDK's client; what you give wins
 * @throws {ConfigError} unknown `wireFormat`
 */
export const createKinesisClient = ({
  wireFormat = 'json',
  ...config
}: ProducerClientConfig = {}): KinesisClient => {
  checkOneOf('wireFormat', wireFormat, WIRE_FORMATS)
  const agentOptions = { keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo' } as const
  const defaults: KinesisClientConfig = {
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent(agentOptions),
      httpsAgent: new HttpsAgent(agentOptions),
    }),
  }
  return withoutNodeVersionWarning(
    () =>
      new FastKinesisClient(
        { ...defaults, ...config },
        Object.keys(config),
        wireFormat === 'cbor' ? CBOR_WIRE : JSON_WIRE,
      ),
  )
}

const SWITCH = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'

/** The SDK warns about Node 20 when its first client is made; that is not our users' news to get. */
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
