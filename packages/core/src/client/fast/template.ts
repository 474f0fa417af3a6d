import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { getSmithyContext } from '@smithy/core'

/** A request and a response as the SDK's handlers know them. */
export type Handler = KinesisClient['config']['requestHandler']
export type HttpRequest = Parameters<Handler['handle']>[0]
export type HttpResponse = Awaited<ReturnType<Handler['handle']>>['response']

type Properties = Record<string, unknown>

/** The SDK's own signer of the auth scheme it chose, with what it wants to be called with. */
interface AuthScheme {
  readonly signer: {
    sign(request: HttpRequest, identity: unknown, properties: Properties): Promise<HttpRequest>
    errorHandler?(properties: Properties): (error: Error) => never
    successHandler?(response: unknown, properties: Properties): void
  }
  readonly identity: { readonly expiration?: Date }
  readonly properties: Properties
  /** Whether the signature covers the hash of the body, and the signer takes it from a header. */
  readonly hashesBody: boolean
}

/**
 * A PutRecords request as the SDK's pipeline made it, all but body and signature: endpoint, path and
 * headers for one stream.
 */
export interface Template {
  readonly request: HttpRequest
  readonly auth: AuthScheme
}

export const HASH_HEADER = 'x-amz-content-sha256'

/** The signer of the SDK that looks for the hash in the headers (`getPayloadHash` of signature-v4). */
const SIGV4 = 'aws.auth#sigv4'

/** Headers made anew for each request, the signature's among them. */
const OWN_TO_A_REQUEST = [
  'content-length',
  'authorization',
  'x-amz-date',
  HASH_HEADER,
  'x-amz-security-token',
]

/** Headers that say on whose behalf a request is made: where the SDK sets them, only it knows the next. */
const OF_THE_CALLER: ReadonlySet<string> = new Set(['x-amzn-trace-id', 'traceparent', 'baggage'])

/** Streams remembered for one client; beyond that the oldest is learned again. */
const MAX_TEMPLATES = 100
/** Credentials this close to their end are fetched anew, which is the pipeline's business. */
const EXPIRY_MARGIN_MS = 60_000

/** Learns templates by watching requests pass through the SDK's pipeline. */
export class Templates {
  readonly #templates = new Map<string, Template>()

  constructor(client: KinesisClient) {
    client.middlewareStack.add(
      (next, context) => args => {
        if (context.commandName === 'PutRecordsCommand') {
          const template = templateOf(args.request, context)
          if (template !== undefined) this.#learn(streamOf(args.input), template)
        }
        return next(args)
      },
      { name: 'requestTemplate', step: 'finalizeRequest', priority: 'low' },
    )
  }

  /** Undefined: the next request has to go through the pipeline. */
  get(stream: string): Template | undefined {
    const template = this.#templates.get(stream)
    const expiration = template?.auth.identity.expiration
    if (expiration !== undefined && expiration.getTime() - Date.now() < EXPIRY_MARGIN_MS) {
      this.forget(stream)
      return undefined
    }
    return template
  }

  /** After an error the pipeline takes over, with all it knows about recovering. */
  forget(stream: string): void {
    this.#templates.delete(stream)
  }

  #learn(stream: string, template: Template): void {
    for (const oldest of this.#templates.keys()) {
      if (this.#templates.size < MAX_TEMPLATES) break
      this.#templates.delete(oldest)
    }
    this.#templates.set(stream, template)
  }
}

export const streamOf = (input: object): string => {
  const stream: unknown = Reflect.get(input, 'StreamARN') ?? Reflect.get(input, 'StreamName')
  return typeof stream === 'string' ? stream : ''
}

/** Undefined when the SDK is not as we know it, or each request has headers of its own: then everything goes through its pipeline. */
const templateOf = (request: unknown, context: Properties): Template | undefined => {
  const scheme = property(getSmithyContext(context), 'selectedHttpAuthScheme')
  const signer = property(scheme, 'signer')
  const identity = property(scheme, 'identity')
  const option = property(scheme, 'httpAuthOption')
  const properties = property(option, 'signingProperties')
  if (!isRequest(request) || !isSigner(signer) || !isIdentity(identity) || !isObject(properties))
    return undefined
  const headers = { ...request.headers }
  if (Object.keys(headers).some(name => OF_THE_CALLER.has(name.toLowerCase()))) return undefined
  for (const name of OWN_TO_A_REQUEST) delete headers[name]
  return {
    request: { ...request, headers, body: undefined },
    auth: {
      signer,
      identity,
      properties: lasting(properties),
      hashesBody: property(option, 'schemeId') === SIGV4,
    },
  }
}

/** Of the context, what outlives its request: the rest holds the command and with it all records. */
const LASTING_CONTEXT = ['clientName', 'commandName', 'endpointV2', 'authSchemes']

/** The properties to sign with, in an object of our own: the signer writes to it. */
const lasting = (properties: Properties): Properties => {
  const { context } = properties
  if (!isObject(context)) return { ...properties }
  const kept: Properties = {}
  for (const name of LASTING_CONTEXT) if (name in context) kept[name] = context[name]
  return { ...properties, context: kept }
}

const isObject = (value: unknown): value is Properties =>
  typeof value === 'object' && value !== null

const property = (value: unknown, key: string): unknown =>
  isObject(value) ? value[key] : undefined

const isRequest = (value: unknown): value is HttpRequest =>
  isObject(value) && typeof value['hostname'] === 'string' && isObject(value['headers'])

const isSigner = (value: unknown): value is AuthScheme['signer'] =>
  isObject(value) && typeof value['sign'] === 'function'

const isIdentity = (value: unknown): value is AuthScheme['identity'] =>
  isObject(value) && (value['expiration'] === undefined || value['expiration'] instanceof Date)
