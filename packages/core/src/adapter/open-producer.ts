import { parseStream, regionOf } from '../client/client-types.js'
import {
  createKinesisClient,
  type ProducerClientConfig,
  WIRE_FORMATS,
} from '../client/create-client.js'
import { roleCredentials } from '../client/role-credentials.js'
import { checkOneOf, checkText, show } from '../config/check.js'
import type { ProducerConfig } from '../config/options.js'
import { OPTION_NAMES } from '../config/resolve.js'
import { ConfigError } from '../errors/errors.js'
import { BatchProducer } from '../producer.js'
import { roleOf } from './role-option.js'
import { checkOptionNames, type SharedOptions } from './rules/shared-options.js'

/** A producer made from an adapter's options, and how to let go of its client. */
export interface OpenedProducer {
  readonly producer: BatchProducer
  readonly stream: string
  /** Closes the connections, unless the client is the user's. */
  readonly release: () => void
}

/** Far more than any ARN, region or URL has. */
const MAX_TEXT = 2048

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
  const stream = streamOf(where, options)
  const clientConfig = clientConfigOf(where, options)
  const config = configOf(options, defaults)
  const role = roleOf(where, options)
  const client = options.client ?? undefined
  if (client !== undefined) {
    const [other] = Object.keys({ ...role, ...clientConfig })
    if (other !== undefined)
      throw new ConfigError(
        `${where}: ${other} and client cannot be given together; give it to createKinesisClient`,
      )
    return { producer: new BatchProducer(client, stream, config), stream, release: () => {} }
  }
  const region = clientConfig.region ?? regionOf(parseStream(stream))
  const made = createKinesisClient({
    ...clientConfig,
    ...(region !== undefined && { region }),
    ...(role !== undefined && { credentials: roleCredentials(role, clientConfig.credentials) }),
  })
  return {
    producer: new BatchProducer(made, stream, config),
    stream,
    release: () => made.destroy(),
  }
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

/** The producer's options that are given, over the adapter's defaults. */
const configOf = (options: SharedOptions, defaults: ProducerConfig): Record<string, unknown> => {
  const config: Record<string, unknown> = { ...defaults }
  for (const name of OPTION_NAMES) {
    const value: unknown = Reflect.get(options, name)
    if (isGiven(value)) config[name] = value
  }
  // Two names for one thing: the one that the user gives replaces the default of the other.
  if (isGiven(options.addBlocksWhenBufferFull) && !isGiven(options.whenFull))
    delete config[
      options.addBlocksWhenBufferFull === false ? 'addBlocksWhenBufferFull' : 'whenFull'
    ]
  return config
}

const streamOf = (where: string, options: SharedOptions): string => {
  const streamName = checkText(`${where}: streamName`, options.streamName, MAX_TEXT)
  const streamArn = checkText(`${where}: streamArn`, options.streamArn, MAX_TEXT)
  if (streamName !== undefined && streamArn !== undefined)
    throw new ConfigError(`${where}: give streamName or streamArn, not both`)
  const stream = streamArn ?? streamName
  if (stream === undefined)
    throw new ConfigError(`${where} needs streamName (or streamArn): the stream to write to`)
  return stream
}

/** What is given of it, checked. */
const clientConfigOf = (where: string, options: SharedOptions): ProducerClientConfig => {
  const region = checkText(`${where}: region`, options.region, MAX_TEXT)
  const endpoint = checkText(`${where}: endpoint`, options.endpoint, MAX_TEXT)
  if (endpoint !== undefined && !URL.canParse(endpoint)) {
    throw new ConfigError(
      `${where}: endpoint must be a URL such as http://127.0.0.1:4567, not ${show(endpoint)}`,
    )
  }
  const wireFormat = options.wireFormat ?? undefined
  if (wireFormat !== undefined) checkOneOf(`${where}: wireFormat`, wireFormat, WIRE_FORMATS)
  const credentials = options.credentials ?? undefined
  if (credentials !== undefined) checkCredentials(where, credentials)
  return {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    ...(wireFormat !== undefined && { wireFormat }),
  }
}

/** In the same process a provider of the SDK is possible too. The message shows no value: they are secrets. */
const checkCredentials = (where: string, credentials: unknown): void => {
  if (typeof credentials === 'function') return
  const given: Record<string, unknown> = Object(credentials)
  const { accessKeyId, secretAccessKey, sessionToken } = given
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
  const session = sessionToken === undefined || sessionToken === null || isText(sessionToken)
  if (isText(accessKeyId) && isText(secretAccessKey) && session) return
  throw new ConfigError(
    `${where}: credentials must hold accessKeyId and secretAccessKey (and sessionToken, if there is one) ` +
      "as strings; leave credentials out for the AWS SDK's own chain",
  )
}
