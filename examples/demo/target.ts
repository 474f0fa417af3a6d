import { DescribeStreamSummaryCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { createKinesisClient } from '@kinesis-producer/core'
import { createStream, faults, startEmulatorProcess } from '../../test/support/endpoint/index.js'
import { type DemoArgs, DemoError } from './args.js'

/** Where the demo writes to, and how to trouble it. */
export interface Target {
  readonly name: string
  readonly connection: {
    readonly streamName: string
    readonly region?: string
    readonly endpoint?: string
    readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  }
  readonly client: KinesisClient
  /** Absent on a stream that is not ours. */
  readonly trouble:
    | { throttle(on: boolean): Promise<void>; outage(on: boolean): Promise<void> }
    | undefined
  close(): Promise<void>
}

const SHARDS = 4

export const openTarget = (args: DemoArgs): Promise<Target> =>
  args.stream === undefined ? embedded() : existing(args, args.stream)

const embedded = async (): Promise<Target> => {
  // A fifth of a real shard, so that a small demo gets throttled as a large service would.
  const emulator = await startEmulatorProcess({
    throttle: false,
    limits: { recordsPerSecond: 200, bytesPerSecond: 200_000 },
  })
  const connection = {
    streamName: 'demo',
    region: 'us-east-1',
    endpoint: emulator.endpoint,
    credentials: { accessKeyId: 'demo', secretAccessKey: 'demo' },
  }
  const client = createKinesisClient(connection)
  await createStream(client, connection.streamName, SHARDS)
  return {
    name: `stream "demo" with ${SHARDS} shards on the embedded emulator (kinesalite behind a gateway with AWS's limits)`,
    connection,
    client,
    trouble: {
      throttle: on => emulator.setThrottle(on),
      outage: on =>
        emulator.setFault(
          on ? faults.requestError('ServiceUnavailable', { status: 503 }) : undefined,
        ),
    },
    close: async () => {
      client.destroy()
      await emulator.stop()
    },
  }
}

const existing = async ({ region, endpoint }: DemoArgs, streamName: string): Promise<Target> => {
  const connection = {
    streamName,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
  }
  const client = createKinesisClient(connection)
  try {
    await client.send(new DescribeStreamSummaryCommand({ StreamName: streamName }))
  } catch (error) {
    client.destroy()
    throw new DemoError(explain(error, streamName, endpoint))
  }
  return {
    name: `stream "${streamName}"`,
    connection,
    client,
    trouble: undefined,
    close: () => Promise.resolve(client.destroy()),
  }
}

const explain = (error: unknown, stream: string, endpoint: string | undefined): string => {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  const at = endpoint ?? 'AWS'
  if (name === 'CredentialsProviderError')
    return 'no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE'
  if (/region is missing/i.test(message))
    return 'the region is missing: give --region or set AWS_REGION'
  if (name === 'ResourceNotFoundException')
    return `stream "${stream}" does not exist at ${at}: create it, or give another --stream`
  if (/ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(`${Reflect.get(Object(error), 'code')} ${message}`))
    return `nothing answers at ${at}: check --endpoint and --region (${message})`
  return `stream "${stream}" at ${at} cannot be used: ${name}: ${message.split('\n')[0]}`
}
