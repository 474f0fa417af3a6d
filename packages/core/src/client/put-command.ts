import { PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { toWireRecord } from '../packing/outgoing.js'
import type { PutRecordsOptions } from './client-types.js'
import { markUnsent, unlessAborted } from './unsent.js'
import type { OutgoingRequest } from './wire/wire.js'

/** The part of the SDK's client that is used: commands of every kind go through `send`. */
export interface CommandClient {
  send(command: object, options: PutRecordsOptions): Promise<unknown>
}

/**
 * Puts records through the SDK's pipeline. Marks the error of a request that never left it, because
 * there were no credentials for example.
 */
export const sendPutRecords = async (
  client: CommandClient,
  input: OutgoingRequest,
  options: PutRecordsOptions,
): Promise<unknown> => {
  const command = new PutRecordsCommand({ ...input, Records: input.Records.map(toWireRecord) })
  const progress = watch(command)
  try {
    const answer = Promise.resolve(client.send(command, options))
    return await unlessAborted(answer, options.abortSignal)
  } catch (error) {
    throw progress.entered && !progress.left ? markUnsent(error) : error
  }
}

interface Progress {
  /** The command went into the SDK's pipeline; a mock of `send` never lets it. */
  entered: boolean
  /** It came out at the other end, where the request is handed to the network. */
  left: boolean
}

const watch = ({ middlewareStack }: PutRecordsCommand): Progress => {
  const progress: Progress = { entered: false, left: false }
  middlewareStack.add(
    next => args => {
      progress.entered = true
      return next(args)
    },
    { name: 'producerEntered', step: 'initialize', priority: 'high' },
  )
  middlewareStack.add(
    next => args => {
      progress.left = true
      return next(args)
    },
    { name: 'producerLeft', step: 'deserialize', priority: 'low' },
  )
  return progress
}
