import { property, textProperty } from '../errors/bounded-text.js'

/** A fault in how the client is set up: how it is called, and what to do about it. */
export interface SetUpFault {
  /** For statistics, where the error has no name of its own; undefined: its code says it. */
  readonly code: string | undefined
  /** Names the option. */
  readonly wayOut: string
}

const REGION_MISSING: SetUpFault = {
  code: 'RegionMissing',
  wayOut: 'give the client the option region, set AWS_REGION, or name the stream by its ARN',
}
const REGION_INVALID: SetUpFault = {
  code: 'RegionInvalid',
  wayOut: "correct the client's option region (or AWS_REGION), such as us-east-1",
}
const ENDPOINT_INVALID: SetUpFault = {
  code: undefined,
  wayOut: "correct the client's option endpoint, a URL such as https://kinesis.example.com:443",
}
const HOST_UNKNOWN: SetUpFault = {
  code: undefined,
  wayOut: "no such host: check the client's options region and endpoint, and the DNS",
}
const ENDPOINT_UNRESOLVED: SetUpFault = {
  code: undefined,
  wayOut: "check the client's options region and endpoint",
}
const NO_CREDENTIALS: SetUpFault = {
  code: undefined,
  wayOut:
    "check the client's option credentials, or what the AWS SDK looks for: environment, profile, role",
}

const BY_WORDS: readonly (readonly [words: RegExp, fault: SetUpFault])[] = [
  [/region is missing/i, REGION_MISSING],
  [/region not accepted|invalid region in client config/i, REGION_INVALID],
]
const BY_NAME: ReadonlyMap<string, SetUpFault> = new Map([
  ['EndpointError', ENDPOINT_UNRESOLVED],
  ['CredentialsProviderError', NO_CREDENTIALS],
  ['TokenProviderError', NO_CREDENTIALS],
])
const BY_CODE: ReadonlyMap<string, SetUpFault> = new Map([
  ['ERR_INVALID_URL', ENDPOINT_INVALID],
  ['ERR_INVALID_PROTOCOL', ENDPOINT_INVALID],
  ['ERR_HTTP2_UNSUPPORTED_PROTOCOL', ENDPOINT_INVALID],
  ['ENOTFOUND', HOST_UNKNOWN],
  ['ENODATA', HOST_UNKNOWN],
  ['ENONAME', HOST_UNKNOWN],
])

/** @param code of the network, wherever among the causes it was found */
export const setUpFaultOf = (error: unknown, code: string | undefined): SetUpFault | undefined => {
  // An answer came, so the client is set up.
  if (property(property(error, '$metadata'), 'httpStatusCode') !== undefined) return undefined
  const words = (textProperty(error, 'message') ?? '').slice(0, MAX_SEARCHED_CHARACTERS)
  return (
    BY_WORDS.find(([pattern]) => pattern.test(words))?.[1] ??
    BY_NAME.get(textProperty(error, 'name') ?? '') ??
    (code === undefined ? undefined : BY_CODE.get(code))
  )
}

const MAX_SEARCHED_CHARACTERS = 2048
