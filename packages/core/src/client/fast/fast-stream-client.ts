import type { StreamTarget } from '../client-types.js'
import { renewing } from '../credentials.js'
import { inItsRegion } from '../region.js'
import { streamQueries } from '../sdk-client.js'
import type { StreamClient } from '../stream-client.js'
import type { FastKinesisClient } from './fast-client.js'

/** Sends through the client of `createKinesisClient`, which takes packs as they are. */
export const fastStreamClient = (client: FastKinesisClient, target: StreamTarget): StreamClient => {
  client.mayAdopt(target)
  const put: StreamClient['putRecords'] = (records, signal) =>
    client.putOutgoing({ Records: records, ...target }, { abortSignal: signal })
  return {
    ...streamQueries(client, target),
    putRecords: renewing(client, inItsRegion(client, target, put)),
  }
}
