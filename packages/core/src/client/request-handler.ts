import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { KinesisClientConfig } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler'

const CONNECT_TIMEOUT_MS = 5000
const AGENT_OPTIONS = { keepAlive: true, maxSockets: 256, scheduling: 'lifo' } as const

type RequestHandler = NonNullable<KinesisClientConfig['requestHandler']>

/** A handler as it is given; options of one, which the SDK accepts as well, are added to ours. */
export const requestHandlerOf = (given: RequestHandler | undefined): RequestHandler => {
  if (given !== undefined && !isOptions(given)) return given
  const { httpAgent, httpsAgent, ...options }: NodeHttpHandlerOptions = withoutGaps(given ?? {})
  return new NodeHttpHandler({
    connectionTimeout: CONNECT_TIMEOUT_MS,
    // The producer's `requestTimeout` is the only deadline of a request: it aborts it.
    requestTimeout: 0,
    socketTimeout: 0,
    // A `requestTimeout` given here is meant, and would only be logged otherwise.
    throwOnRequestTimeout: true,
    ...options,
    httpAgent: httpAgent instanceof HttpAgent ? httpAgent : { ...AGENT_OPTIONS, ...httpAgent },
    httpsAgent: httpsAgent instanceof HttpsAgent ? httpsAgent : { ...AGENT_OPTIONS, ...httpsAgent },
  })
}

/** The same without what is undefined or null: passing an option on must not undo a default. */
export const withoutGaps = <T extends object>(options: T): T => {
  const given = { ...options }
  for (const name of Object.keys(given)) {
    const value: unknown = Reflect.get(given, name)
    if (value === undefined || value === null) Reflect.deleteProperty(given, name)
  }
  return given
}

const isOptions = (handler: RequestHandler): handler is NodeHttpHandlerOptions =>
  typeof handler === 'object' && !('handle' in handler)
