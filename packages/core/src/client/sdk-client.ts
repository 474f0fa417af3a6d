import { DescribeStreamSummaryCommand, ListShardsCommand } from '@aws-sdk/client-kinesis'
import { openShardsOf, summaryOf } from '../stream/describe.js'
import type { StreamTarget } from './client-types.js'
import { renewing } from './credentials.js'
import { type CommandClient, sendPutRecords } from './put-command.js'
import { inItsRegion } from './region.js'
import type { StreamClient } from './stream-client.js'
import { unlessAborted } from './unsent.js'

/** Sends through a client of the SDK, or one that has its `send`. */
export const sdkStreamClient = (client: CommandClient, target: StreamTarget): StreamClient => ({
  ...streamQueries(client, target),
  putRecords: renewing(
    client,
    inItsRegion(client, target, (records, signal) =>
      sendPutRecords(client, { Records: records, ...target }, { abortSignal: signal }),
    ),
  ),
})

/** What a client of the SDK can be asked besides PutRecords. */
export const streamQueries = (
  client: CommandClient,
  target: StreamTarget,
): Required<Pick<StreamClient, 'describe' | 'listShards'>> => {
  const ask = async (command: object, signal: AbortSignal): Promise<unknown> =>
    unlessAborted(Promise.resolve(client.send(command, { abortSignal: signal })), signal)
  return {
    describe: async signal =>
      summaryOf(await ask(new DescribeStreamSummaryCommand(target), signal)),
    listShards: signal =>
      openShardsOf(token =>
        ask(new ListShardsCommand(token === undefined ? target : { NextToken: token }), signal),
      ),
  }
}
