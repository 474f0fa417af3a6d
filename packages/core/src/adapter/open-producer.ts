import type { ProducerConfig } from '../config/options.js'
import { ConfigError } from '../errors/errors.js'
import { BatchProducer } from '../producer.js'
import { openClient } from './open-client.js'
import { configOf } from './producer-config.js'
import { checkOptionNames, type SharedOptions } from './rules/shared-options.js'
import { targetOf } from './target.js'

/** A producer made from an adapter's options, and how to let go of its client. */
export interface OpenedProducer {
  readonly producer: BatchProducer
  readonly stream: string
  /** Closes the connections, unless the client is the user's. */
  readonly release: () => void
}

/**
 * Makes the producer of an adapter. `undefined` and `null` mean that an option is not given.
 * @param where the adapter's name, for messages
 * @param ownNames options that are the adapter's, not the producer's
 * @param defaults the adapter's values for options left out
 * @throws {ConfigError} in one sentence, naming the option
 */
export const openProducer = (
  where: string,
  options: SharedOptions,
  ownNames: readonly string[],
  defaults: ProducerConfig,
): OpenedProducer => {
  checkOptionNames(where, options, ownNames)
  const target = targetOf(where, options)
  const { stream } = target
  const config = configOf(options, defaults)
  const client = options.client ?? undefined
  if (client !== undefined) {
    const [other] = Object.keys({ ...target.role, ...target.client })
    if (other !== undefined)
      throw new ConfigError(
        `${where}: ${other} and client cannot be given together; give it to createKinesisClient`,
      )
    return { producer: new BatchProducer(client, stream, config), stream, release: () => {} }
  }
  const { client: made, release } = openClient(target)
  return { producer: new BatchProducer(made, stream, config), stream, release }
}
