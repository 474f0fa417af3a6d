import { setTimeout as delay } from 'node:timers/promises'
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis'

const POLL_MS = 10
const MAX_POLLS = 500

/** Creates a stream and waits till it is ACTIVE. */
export const createStream = async (
  client: KinesisClient,
  name: string,
  shards: number,
): Promise<void> => {
  await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }))
  await waitForActive(client, name)
}

/** After creating or resharding. */
export const waitForActive = async (client: KinesisClient, name: string): Promise<void> => {
  for (let i = 0; i < MAX_POLLS; i++) {
    const { StreamDescriptionSummary } = await client.send(
      new DescribeStreamSummaryCommand({ StreamName: name }),
    )
    if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') return
    await delay(POLL_MS)
  }
  throw new Error(`stream ${name} did not become ACTIVE`)
}
