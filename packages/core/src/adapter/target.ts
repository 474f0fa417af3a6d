import { parseStream, regionOf } from '../client/client-types.js'
import type { Role } from '../client/role-credentials.js'
import { WIRE_FORMATS } from '../client/wire-formats.js'
import { checkOneOf, checkText, show } from '../config/check.js'
import { ConfigError } from '../errors/errors.js'
import { roleOf } from './role-option.js'
import type { SharedOptions } from './rules/shared-options.js'

/** How to reach the service, but for what has to be a client of the user. */
interface ClientOptions {
  readonly region?: string
  readonly endpoint?: string
  readonly credentials?: NonNullable<SharedOptions['credentials']>
  readonly wireFormat?: NonNullable<SharedOptions['wireFormat']>
}

/** Where records go, as the options say: plain data, unless credentials are a provider. */
export interface Target {
  readonly stream: string
  readonly client: ClientOptions
  readonly role: Role | undefined
}

/** Far more than any ARN or URL has. */
const MAX_TEXT = 2048
/** What `createKinesisClient` takes. */
const MAX_REGION = 100

/**
 * The part of the options that says where records go. Loads no SDK.
 * @param where the adapter's name, for messages
 * @throws {ConfigError} in one sentence, naming the option
 */
export const targetOf = (where: string, options: SharedOptions): Target => ({
  stream: streamOf(where, options),
  client: clientOptionsOf(where, options),
  role: roleOf(where, options),
})

/** The region to ask, if the options or the stream's ARN name one. */
export const regionFor = ({ client, stream }: Target): string | undefined =>
  client.region ?? regionOf(parseStream(stream))

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
const clientOptionsOf = (where: string, options: SharedOptions): ClientOptions => {
  const region = checkText(`${where}: region`, options.region, MAX_REGION)
  const endpoint = checkText(`${where}: endpoint`, options.endpoint, MAX_TEXT)
  if (endpoint !== undefined && !isEndpoint(endpoint)) {
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

/** `localhost:4567` parses too: as a URL whose protocol is `localhost:`. */
const isEndpoint = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

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
