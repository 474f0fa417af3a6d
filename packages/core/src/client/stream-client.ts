import { Kinesis } from '@aws-sdk/client-kinesis'
import { show } from '../config/check.js'
import { property } from '../errors/bounded-text.js'
import { ConfigError } from '../errors/errors.js'
import type { OutgoingRecord } from '../packing/outgoing.js'
import type { StreamSource } from '../stream/describe.js'
import type { BatchingKinesisClient, KinesisClientLike, StreamTarget } from './client-types.js'
import { FastKinesisClient } from './fast/fast-client.js'
import { fastStreamClient } from './fast/fast-stream-client.js'
import type { CommandClient } from './put-command.js'
import { putOnlyClient } from './put-only-client.js'
import { sdkStreamClient, streamQueries } from './sdk-client.js'

/** All the producer asks of a client, for one stream. */
export interface StreamClient extends StreamSource {
  /**
   * Resolves with the answer as it came (any value, to be read by `readAnswer`), rejects with
   * whatever was thrown, and never throws. Rejects soon after the signal aborted.
   */
  putRecords(records: readonly OutgoingRecord[], signal: AbortSignal): Promise<unknown>
}

/**
 * What kind of client it is, is told here and nowhere else.
 *
 * @throws {ConfigError} for what is no client
 */
export const streamClientOf = (client: KinesisClientLike, target: StreamTarget): StreamClient => {
  if (isObject(client)) {
    if (isOfSdkV2(client))
      throw new ConfigError(
        'client is of version 2 of the AWS SDK (aws-sdk), which this package does not support: make one with ' +
          'createKinesisClient(), or with new KinesisClient() of @aws-sdk/client-kinesis',
      )
    if (FastKinesisClient.isOne(client)) return fastStreamClient(client, target)
    const sends = isCommandClient(client)
    if (isPutClient(client)) {
      // The aggregated client of the SDK only makes a command of it.
      if (sends && property(client, 'putRecords') === KINESIS_PUT_RECORDS)
        return sdkStreamClient(client, target)
      return { ...(sends && streamQueries(client, target)), ...putOnlyClient(client, target) }
    }
    if (sends) return sdkStreamClient(client, target)
  }
  throw new ConfigError(
    `client must be a KinesisClient or Kinesis of @aws-sdk/client-kinesis, or an object with putRecords(), not ${show(client)}; ` +
      'createKinesisClient() makes one',
  )
}

const KINESIS_PUT_RECORDS: unknown = property(Kinesis.prototype, 'putRecords')

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' || typeof value === 'function') && value !== null

/** Its `putRecords` takes a callback and gives no promise. */
const isOfSdkV2 = (client: object): boolean =>
  typeof property(client, 'makeRequest') === 'function' &&
  typeof property(client, 'setupRequestListeners') === 'function'

const isPutClient = (client: object): client is BatchingKinesisClient =>
  'putRecords' in client && typeof client.putRecords === 'function'

const isCommandClient = (client: object): client is CommandClient =>
  'send' in client && typeof client.send === 'function'
