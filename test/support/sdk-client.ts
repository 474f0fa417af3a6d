import type { KinesisClient, KinesisClientConfig } from '@aws-sdk/client-kinesis'
import { createKinesisClient } from '@kinesis-producer/core'

export const TEST_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' }

/** The client a user would make, pointed at a test endpoint. */
export const testClient = (endpoint: string, config: KinesisClientConfig = {}): KinesisClient =>
  createKinesisClient({ region: 'us-east-1', endpoint, credentials: TEST_CREDENTIALS, ...config })
