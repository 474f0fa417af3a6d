import type { KinesisClientLike } from '../client/client-types.js'
import {
  createKinesisClient,
  type ProducerClientConfig,
  WIRE_FORMATS,
} from '../client/create-client.js'
import { checkKeys, checkOneOf, show } from '../config/check.js'
import type { ProducerConfig } from '../config/options.js'
import { OPTION_NAMES } from '../config/resolve.js'
import { ConfigError } from '../errors/errors.js'
import { BatchProducer } from '../producer.js'

/** Options the adapters share: where the records go, and all of the producer's own. */
export interface SharedOptions extends ProducerConfig {
  /** Name of the stream; give this or `streamArn`. */
  readonly streamName?: string | undefined
  readonly streamArn?: string | undefined
  /** @default what the AWS SDK finds (AWS_REGION, profile) */
  readonly region?: string | undefined
  /** URL of the service, for an emulator or a VPC endpoint. */
  readonly endpoint?: string | undefined
  /** @default the AWS SDK's own chain */
  readonly credentials?:
    | {
        readonly accessKeyId: string
        readonly secretAccessKey: string
        readonly sessionToken?: string
      }
    | undefined
  /**
   * `cbor`: records go as bytes, without base64; see `createKinesisClient`.
   * @default 'json'
   */
  readonly wireFormat?: (typeof WIRE_FORMATS)[number] | undefined
  /** A client of your own, in place of `region`, `endpoint`, `credentials` and `wireFormat`. */
  readonly client?: KinesisClientLike | undefined
}

const TARGET_NAMES = [
  'streamName',
  'streamArn',
  'region',
  'endpoint',
  'credentials',
  'wireFormat',
  'client',
] as const

/** A producer made from an adapter's options, and how to let go of its client. */
export interface OpenedProducer {
  readonly producer: BatchProducer
  readonly stream: string
  /** Closes the connections, unless the client is the user's. */
  readonly release: () => void
}

/**
 * Makes the producer of an adapter.
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
  checkKeys(where, options, [...TARGET_NAMES, ...OPTION_NAMES, ...ownNames])
  const { streamName, streamArn, region, endpoint, credentials, wireFormat, client } = options
  const stream = streamArn ?? streamName
  if (stream === undefined)
    throw new ConfigError(`${where} needs streamName (or streamArn): the stream to write to`)
  if (streamName !== undefined && streamArn !== undefined) {
    throw new ConfigError(`${where}: give streamName or streamArn, not both`)
  }
  for (const [name, value] of [
    ['region', region],
    ['endpoint', endpoint],
  ] as const) {
    if (value !== undefined && typeof value !== 'string')
      throw new ConfigError(`${where}: ${name} must be a string, not ${show(value)}`)
    if (value !== undefined && client !== undefined)
      throw new ConfigError(`${where}: ${name} and client cannot be given together`)
  }
  if (wireFormat !== undefined) {
    checkOneOf(`${where}: wireFormat`, wireFormat, WIRE_FORMATS)
    if (client !== undefined)
      throw new ConfigError(
        `${where}: wireFormat and client cannot be given together; give it to createKinesisClient`,
      )
  }
  if (endpoint !== undefined && !URL.canParse(endpoint)) {
    throw new ConfigError(
      `${where}: endpoint must be a URL such as http://127.0.0.1:4567, not ${show(endpoint)}`,
    )
  }
  const config: Record<string, unknown> = { ...defaults }
  for (const name of OPTION_NAMES) {
    const value: unknown = Reflect.get(options, name)
    if (value !== undefined) config[name] = value
  }
  if (client !== undefined)
    return { producer: new BatchProducer(client, stream, config), stream, release: () => {} }

  const clientConfig: ProducerClientConfig = {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    ...(wireFormat !== undefined && { wireFormat }),
  }
  const made = createKinesisClient(clientConfig)
  return {
    producer: new BatchProducer(made, stream, config),
    stream,
    release: () => made.destroy(),
  }
}
