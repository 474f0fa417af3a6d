import type { StreamTarget } from '../client-types.js'
import { renewing } from '../credentials.js'
import { streamQueries } from '../sdk-client.js'
import type { StreamClient } from '../stream-client.js'
import type { FastKinesisClient } from './fast-client.js'

/** Sends through the client of `createKinesisClient`, which takes packs as they are. */
export const fastStreamClient = (
  client: FastKinesisClient,
  target: StreamTarget,
): StreamClient => ({
  ...streamQueries(client, target),
  putRecords: renewing(client, (records, signal) =>
    client.putOutgoing({ Records: records, ...target }, { abortSignal: signal }),
  ),
})
