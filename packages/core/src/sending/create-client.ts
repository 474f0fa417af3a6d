import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { KinesisClient, KinesisClientConfig } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { FastKinesisClient } from './fast/fast-client.js'

const CONNECT_TIMEOUT_MS = 5000
const REQUEST_TIMEOUT_MS = 20_000
const MAX_SOCKETS = 256

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
 */
export const createKinesisClient = (config: KinesisClientConfig = {}): KinesisClient => {
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
    () => new FastKinesisClient({ ...defaults, ...config }, Object.keys(config)),
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
