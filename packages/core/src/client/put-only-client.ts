import { toWireRecord } from '../packing/outgoing.js'
import type { BatchingKinesisClient, StreamTarget } from './client-types.js'
import type { StreamClient } from './stream-client.js'
import { unlessAborted } from './unsent.js'

/** A client that can put records and nothing else: a fake in a test, or one of the user's own. */
export const putOnlyClient = (
  client: BatchingKinesisClient,
  target: StreamTarget,
): StreamClient => ({
  // Being async makes a client that throws reject.
  putRecords: async (records, signal) =>
    unlessAborted(
      Promise.resolve(
        client.putRecords(
          { Records: records.map(toWireRecord), ...target },
          { abortSignal: signal },
        ),
      ),
      signal,
    ),
})
