import { Agent } from 'node:http'
import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler'

export const TEST_CREDENTIALS = { accessKeyId: '000000000000', secretAccessKey: 'test' }

const MUTE = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'

/**
 * Runs with the SDK's Node 20 warning switched off by the SDK's own switch. It is read once, when the
 * first client is made; put back at once, so that child processes do not inherit it.
 */
export const withoutNodeWarning = <T>(make: () => T): T => {
  const before = process.env[MUTE]
  process.env[MUTE] = 'true'
  try {
    return make()
  } finally {
    if (before === undefined) delete process.env[MUTE]
    else process.env[MUTE] = before
  }
}

/** Keep-alive HTTP/1.1 with time-outs that really throw. */
export const testHandler = (overrides: NodeHttpHandlerOptions = {}): NodeHttpHandler =>
  new NodeHttpHandler({
    httpAgent: new Agent({ keepAlive: true, maxSockets: 16 }),
    connectionTimeout: 2000,
    requestTimeout: 10_000,
    throwOnRequestTimeout: true,
    ...overrides,
  })

/** An SDK client for a test endpoint that retries nothing. */
export const testClient = (endpoint: string, overrides: KinesisClientConfig = {}): KinesisClient =>
  withoutNodeWarning(
    () =>
      new KinesisClient({
        region: 'us-east-1',
        endpoint,
        credentials: TEST_CREDENTIALS,
        maxAttempts: 1,
        requestHandler: testHandler(),
        ...overrides,
      }),
  )

/** A client with the handler the SDK takes by itself: HTTP/2. */
export const defaultHandlerClient = (endpoint: string): KinesisClient =>
  withoutNodeWarning(
    () =>
      new KinesisClient({
        region: 'us-east-1',
        endpoint,
        credentials: TEST_CREDENTIALS,
        maxAttempts: 1,
      }),
  )
