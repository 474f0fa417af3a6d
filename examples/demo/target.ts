import { DescribeStreamSummaryCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { createKinesisClient } from '@kinesis-producer/core'
import { startKinesis } from '@kinesis-producer/testing'
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
  /** From now on these faults strike, or none; absent on a stream that is not ours. */
  readonly trouble: ((...faults: readonly string[]) => void) | undefined
  close(): Promise<void>
}

const STREAM = 'demo'
const SHARDS = 4

export const openTarget = (args: DemoArgs): Promise<Target> =>
  args.stream === undefined ? embedded() : existing(args, args.stream)

const embedded = async (): Promise<Target> => {
  const kinesis = await startKinesis({ streams: { [STREAM]: SHARDS } })
  const connection = {
    streamName: STREAM,
    region: 'us-east-1',
    endpoint: kinesis.endpoint,
    credentials: { accessKeyId: 'demo', secretAccessKey: 'demo' },
  }
  const client = createKinesisClient(connection)
  return {
    name: `stream "${STREAM}" with ${SHARDS} shards of an embedded Kinesis for tests (@kinesis-producer/testing)`,
    connection,
    client,
    trouble: (...faults) => kinesis.faults(...faults),
    close: async () => {
      client.destroy()
      await kinesis.close()
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
