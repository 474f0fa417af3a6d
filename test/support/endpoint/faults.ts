import { defaultStatus } from './reply.js'

/** A record of a request as a fault sees it. */
export interface FaultRecord {
  readonly index: number
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  readonly shardId: string
  /** Decoded on first use. */
  readonly data: Buffer
  readonly text: string
}

/** Which records of a request: plain data, so that it can cross to a child process. */
export type PlainSelection =
  | { readonly by: 'all' }
  | { readonly by: 'indices'; readonly indices: readonly number[] }
  | { readonly by: 'share'; readonly share: number }
  | { readonly by: 'shards'; readonly shards: readonly string[]; readonly share: number }
export type RecordPredicate = (record: FaultRecord) => boolean
export type Selection = PlainSelection | RecordPredicate

/** What happens to one request. */
export type FaultOf<S> =
  | { readonly kind: 'ok' }
  | {
      readonly kind: 'partial'
      readonly which: S
      readonly code: string
      readonly message?: string | undefined
    }
  | {
      readonly kind: 'error'
      readonly name: string
      readonly status: number
      readonly message: string
    }
  | { readonly kind: 'body'; readonly status: number; readonly body: string; readonly type: string }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'short'; readonly missing: number }
  | { readonly kind: 'hang'; readonly stores: boolean }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'hangUp' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'poison'; readonly which: S }
export type Fault = FaultOf<Selection>
export type PlainFault = FaultOf<PlainSelection>
export type FaultKind = Fault['kind']

export const THROTTLED = 'ProvisionedThroughputExceededException'

export const ok = (): PlainFault => ({ kind: 'ok' })

export const all = (): PlainSelection => ({ by: 'all' })
export const indices = (...list: number[]): PlainSelection => ({ by: 'indices', indices: list })
/** Each record with this probability, drawn from the endpoint's seeded random numbers. */
export const share = (probability: number): PlainSelection => ({ by: 'share', share: probability })

/** Some records fail with a code, the others are stored; the request answers 200. */
export const partial = <S extends Selection>(
  which: S,
  code: string = THROTTLED,
  message?: string,
): FaultOf<S> => ({
  kind: 'partial',
  which,
  code,
  message,
})

/** A share of the records of these shards is throttled. */
export const throttleShards = (shards: readonly string[], probability = 1): PlainFault =>
  partial<PlainSelection>({ by: 'shards', shards, share: probability })

/** The whole request fails with an error of the service; nothing is stored. */
export const requestError = (
  name: string,
  options: { status?: number; message?: string } = {},
): PlainFault => ({
  kind: 'error',
  name,
  status: options.status ?? defaultStatus(name),
  message: options.message ?? MESSAGES.get(name) ?? `${name}.`,
})

/** A proxy's page in place of an answer. */
export const html = (status: number): PlainFault => ({
  kind: 'body',
  status,
  body: '<html><head><title>Error</title></head><body><h1>The proxy says no</h1></body></html>',
  type: 'text/html',
})

export const emptyBody = (status: number): PlainFault => ({
  kind: 'body',
  status,
  body: '',
  type: 'text/plain',
})
export const tooLarge = (): PlainFault => emptyBody(413)
export const empty500 = (): PlainFault => emptyBody(500)

/** Stored, but the 200 carries only half of its JSON, with a matching content length. */
export const truncatedJson = (): PlainFault => ({ kind: 'truncated' })
/** Stored, but the last results are missing from the list. */
export const shortList = (missing = 1): PlainFault => ({ kind: 'short', missing })
/** Never answered, until released; then carried out. With `stores`, stored before it hangs. */
export const hang = (options: { stores?: boolean } = {}): PlainFault => ({
  kind: 'hang',
  stores: options.stores ?? false,
})
/** Stored at once, answered late. */
export const slow = (ms: number): PlainFault => ({ kind: 'slow', ms })
/** The connection dies before anything was stored. */
export const hangUp = (): PlainFault => ({ kind: 'hangUp' })
/** Stored, but the connection dies before the answer. */
export const lostResponse = (): PlainFault => ({ kind: 'lost' })
/** Stored, but the connection dies in the middle of the answer. */
export const cutResponse = (): PlainFault => ({ kind: 'cut' })
/** One matching record makes the whole request a ValidationException, as an oversize record does. */
export const poison = <S extends Selection>(which: S): FaultOf<S> => ({ kind: 'poison', which })

/** Texts in the style of the service; the real ones carry account details. */
const MESSAGES: ReadonlyMap<string, string> = new Map([
  [THROTTLED, 'Rate exceeded for stream under account 000000000000.'],
  ['LimitExceededException', 'Rate exceeded for stream under account 000000000000.'],
  ['ThrottlingException', 'Rate exceeded'],
  ['KMSThrottlingException', 'Rate exceeded'],
  [
    'KMSAccessDeniedException',
    'The ciphertext refers to a customer master key that does not exist, or you lack access to it.',
  ],
  ['KMSDisabledException', 'The customer master key is disabled.'],
  ['KMSInvalidStateException', 'The customer master key is in an invalid state.'],
  ['KMSNotFoundException', 'The customer master key was not found.'],
  ['KMSOptInRequired', 'The AWS access key ID needs a subscription for the service.'],
  ['InternalFailure', 'The request processing has failed because of an unknown error.'],
  ['InternalFailureException', 'The request processing has failed because of an unknown error.'],
  ['ServiceUnavailable', 'The request has failed due to a temporary failure of the server.'],
  [
    'AccessDeniedException',
    'User: arn:aws:iam::000000000000:user/test is not authorized to perform: kinesis:PutRecords',
  ],
  ['ResourceNotFoundException', 'Stream s under account 000000000000 not found.'],
  [
    'ResourceInUseException',
    'Stream s under account 000000000000 not ACTIVE, instead in state CREATING',
  ],
  ['ExpiredTokenException', 'The security token included in the request is expired'],
  ['UnrecognizedClientException', 'The security token included in the request is invalid.'],
  [
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided.',
  ],
  ['ValidationException', '1 validation error detected: Value failed to satisfy constraint.'],
  ['InvalidArgumentException', 'Records size exceeds 10 MB limit'],
  ['SerializationException', 'Start of structure or map found where not expected.'],
])
