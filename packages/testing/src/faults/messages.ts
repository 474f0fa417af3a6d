export const THROTTLED = 'ProvisionedThroughputExceededException'

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

/** What the service says with an error of this name. */
export const textOf = (name: string): string => MESSAGES.get(name) ?? `${name}.`

export const throttleText = (shardId: string, stream: string): string =>
  `Rate exceeded for shard ${shardId} in stream ${stream} under account 000000000000.`
