import type { KinesisClientConfig } from '@aws-sdk/client-kinesis'
import {
  loadConfig,
  NODE_REGION_CONFIG_FILE_OPTIONS,
  NODE_REGION_CONFIG_OPTIONS,
} from '@smithy/core/config'
import { property } from '../errors/bounded-text.js'
import { ConfigError } from '../errors/errors.js'
import { regionOf, type StreamTarget } from './client-types.js'
import type { StreamClient } from './stream-client.js'
import { markUnsent, unlessAborted } from './unsent.js'

/** The region of a client that was given none: what the SDK finds, or else the stream's own. */
export class FoundRegion {
  #ofStream: string | undefined
  readonly provider: () => Promise<string>

  /** @param profile the client's own option of that name */
  constructor(profile: KinesisClientConfig['profile']) {
    const { default: last, ...selectors } = NODE_REGION_CONFIG_OPTIONS
    this.provider = loadConfig(
      {
        ...selectors,
        // Before the SDK's last resort, which asks the instance it runs on and then throws.
        default: async () => this.#ofStream ?? (typeof last === 'function' ? await last() : last),
      },
      { ...NODE_REGION_CONFIG_FILE_OPTIONS, ...(profile !== undefined && { profile }) },
    )
  }

  /** A client may write to several streams: the first that is named by its ARN tells. */
  adopt(region: string | undefined): void {
    this.#ofStream ??= region
  }
}

/** Throws if the stream is known to be in another region than the client. */
export const checkRegion = (target: StreamTarget, clientRegion: unknown): void => {
  const region = regionOf(target)
  if (region === undefined || typeof clientRegion !== 'string') return
  // Older names of FIPS endpoints, which the SDK takes for regions.
  if (region === clientRegion.replace(/^fips-|-fips$/, '')) return
  throw new ConfigError(
    `the stream is in region ${region} by its ARN, but the client is for ${clientRegion}: give the client region ${region}, or the ARN of a stream in ${clientRegion}`,
  )
}

type PutRecords = StreamClient['putRecords']

/**
 * Refuses to send to a stream of another region, which the service would not find. The SDK tells the
 * region of a client by a promise, so that is asked with the first request.
 */
export const inItsRegion = (client: object, target: StreamTarget, put: PutRecords): PutRecords => {
  if (regionOf(target) === undefined) return put
  let isChecked = false
  return async (records, signal) => {
    if (!isChecked) {
      await unlessAborted(check(client, target), signal).catch((error: unknown) => {
        throw markUnsent(error)
      })
      isChecked = true
    }
    return put(records, signal)
  }
}

const check = async (client: object, target: StreamTarget): Promise<void> => {
  const region = property(property(client, 'config'), 'region')
  let found: unknown = region
  try {
    found = typeof region === 'function' ? await Reflect.apply(region, undefined, []) : region
  } catch {
    // The client has none, or not a valid one; it says so itself when it is asked to send.
    return
  }
  checkRegion(target, found)
}
