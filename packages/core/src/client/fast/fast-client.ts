import { randomUUID } from 'node:crypto'
import {
  KinesisClient,
  type KinesisClientConfig,
  KinesisServiceException,
} from '@aws-sdk/client-kinesis'
import type { PutRecordsOptions, PutRecordsResponse } from '../client-types.js'
import { sendPutRecords } from '../put-command.js'
import { UnreadAnswer } from '../unread-answer.js'
import { markUnsent, unlessAborted } from '../unsent.js'
import { CBOR_WIRE } from '../wire/cbor-wire.js'
import { JSON_WIRE } from '../wire/json-wire.js'
import type { OutgoingRequest, Wire } from '../wire/wire.js'
import { limitAnswers } from './answer-limit.js'
import { answerLimit, bytesOf } from './http-body.js'
import { type HttpResponse, streamOf, type Template, Templates } from './template.js'
import { Untouched } from './untouched.js'

/**
 * Options, besides credentials and request handler, under which the short way does all that the
 * SDK's pipeline would do.
 */
const KNOWN_OPTIONS: ReadonlySet<string> = new Set([
  'region',
  'endpoint',
  'useFipsEndpoint',
  'useDualstackEndpoint',
  'profile',
  'customUserAgent',
  'userAgentAppId',
  'defaultsMode',
])

/** How an endpoint says that it does not know a format of requests: by an error's name, or by status alone. */
const NOT_UNDERSTOOD = /^(SerializationException|UnknownOperationException|UnsupportedMediaType.*)$/
const NOT_UNDERSTOOD_STATUS: ReadonlySet<number> = new Set([400, 404, 415])

const isNotUnderstood = (error: unknown, { statusCode }: HttpResponse): boolean =>
  error instanceof Error &&
  (NOT_UNDERSTOOD.test(error.name) ||
    (['Unknown', 'SyntaxError'].includes(error.name) && NOT_UNDERSTOOD_STATUS.has(statusCode)))

/**
 * The SDK's client with a shorter way for PutRecords: our own body, the SDK's signer, credentials,
 * endpoint and HTTP handler, but neither its schema walks nor its middleware, which cost more than
 * all the rest. The first request to a stream, and the first after an error, take the long way; so
 * do all, once the client was changed in a way that the short one would bypass.
 */
export class FastKinesisClient extends KinesisClient {
  readonly #templates: Templates | undefined
  readonly #untouched: Untouched
  #wire: Wire

  constructor(config: KinesisClientConfig, given: readonly string[], wire: Wire = JSON_WIRE) {
    super(config)
    this.#wire = wire
    // Walks through all records for a log line, even when nobody logs.
    if (config.logger === undefined) this.middlewareStack.remove('loggerMiddleware')
    limitAnswers(this)
    if (given.every(option => KNOWN_OPTIONS.has(option))) this.#templates = new Templates(this)
    this.#untouched = new Untouched(this)
  }

  /** Whether this is such a client itself, and not a proxy of one, which has no private members. */
  static isOne(client: object): client is FastKinesisClient {
    return #untouched in client
  }

  /** Whether requests may go the short way: nobody has to see them in the SDK's pipeline. */
  get shortWayPossible(): boolean {
    return this.#templates !== undefined && this.#untouched.holds
  }

  /** As the command PutRecords, for packs as well as whole records. */
  async putOutgoing(input: OutgoingRequest, options: PutRecordsOptions = {}): Promise<unknown> {
    const stream = streamOf(input)
    const template = this.shortWayPossible ? this.#templates?.get(stream) : undefined
    if (template === undefined) return sendPutRecords(this, input, options)

    const sent = input.Records.length
    const wire = this.#wire
    const body = bodyOf(wire, input)
    const properties = { ...template.auth.properties }
    let response: HttpResponse
    let answer: Buffer
    try {
      response = await this.#exchange(template, properties, wire, body, options)
      answer = await bytesOf(
        response.body,
        answerLimit(response.statusCode),
        options.abortSignal,
      ).catch((error: unknown) => {
        throw withStatus(error, response)
      })
    } catch (error) {
      // The endpoint may be another by now, and only the pipeline asks for it.
      this.#templates?.forget(stream)
      throw error
    }
    if (response.statusCode !== 200) {
      this.#templates?.forget(stream)
      const error = this.#error(template, properties, response, answer)
      if (wire === JSON_WIRE || !isNotUnderstood(error, response)) throw error
      // Nothing was stored, and the records are not the cause.
      this.#distrust(wire)
      return this.putOutgoing(input, options)
    }
    const { signer } = template.auth
    signer.successHandler?.(response, properties)
    const read = (): PutRecordsResponse => this.#read(wire, answer, response)
    return wire.tellsAllStored(answer, sent) ? new UnreadAnswer(sent, read) : read()
  }

  async #exchange(
    { request, auth }: Template,
    properties: Template['auth']['properties'],
    { contentType }: Wire,
    body: Buffer,
    options: PutRecordsOptions,
  ): Promise<HttpResponse> {
    const headers = {
      ...request.headers,
      'content-type': contentType,
      'content-length': String(body.length),
      'amz-sdk-invocation-id': randomUUID(),
    }
    const unsigned = { ...request, headers, body }
    const signed = await unlessAborted(
      auth.signer.sign(unsigned, auth.identity, properties),
      options.abortSignal,
    ).catch((error: unknown) => {
      throw markUnsent(error)
    })
    const { response } = await this.config.requestHandler.handle(signed, options)
    return response
  }

  /** Throws what cannot be read, as the SDK does: with its status. */
  #read(wire: Wire, answer: Buffer, response: HttpResponse): PutRecordsResponse {
    try {
      return wire.parse(answer)
    } catch (error) {
      this.#distrust(wire)
      const unreadable = new SyntaxError(
        `the answer to PutRecords cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      )
      throw Object.assign(unreadable, { $metadata: metadataOf(response) })
    }
  }

  /** An endpoint that does not speak CBOR well is spoken to in JSON from now on. */
  #distrust(wire: Wire): void {
    if (wire === JSON_WIRE || this.#wire === JSON_WIRE) return
    this.#wire = JSON_WIRE
    process.emitWarning(
      'the endpoint does not understand wireFormat cbor; json is used from now on',
      'KinesisProducerWarning',
    )
  }

  #error(
    { auth }: Template,
    properties: Template['auth']['properties'],
    response: HttpResponse,
    bytes: Buffer,
  ): unknown {
    try {
      const isCbor = response.headers['content-type']?.includes('cbor') === true
      const body: unknown =
        bytes.length === 0 ? {} : this.#read(isCbor ? CBOR_WIRE : JSON_WIRE, bytes, response)
      const name = errorName(response, body)
      const error = new KinesisServiceException({
        name,
        message: stringIn(body, 'message') ?? stringIn(body, 'Message') ?? name,
        $fault: response.statusCode < 500 ? 'client' : 'server',
        $metadata: metadataOf(response),
      })
      this.#learnSkew(auth, properties, error, response)
      return error
    } catch (error) {
      return error
    }
  }

  /** The signer reads the service's time from the response; the request's headers are in there too. */
  #learnSkew(
    { signer }: Template['auth'],
    properties: Template['auth']['properties'],
    error: KinesisServiceException,
    response: HttpResponse,
  ): void {
    try {
      error.$response = response
      signer.errorHandler?.(properties)(error)
    } catch {
      // It throws what it was given.
    } finally {
      delete error.$response
    }
  }
}

const bodyOf = (wire: Wire, input: OutgoingRequest): Buffer => {
  try {
    const room = Buffer.allocUnsafeSlow(wire.maxBodyBytes(input))
    return room.subarray(0, wire.writeBody(input, room))
  } catch (error) {
    throw markUnsent(error)
  }
}

/** The status decides what to do about a response, also when its body cannot be read. */
const withStatus = (error: unknown, response: HttpResponse): unknown => {
  if (error instanceof Error && Object.isExtensible(error) && !('$metadata' in error))
    return Object.assign(error, { $metadata: metadataOf(response) })
  return error
}

const metadataOf = ({
  statusCode,
  headers,
}: HttpResponse): KinesisServiceException['$metadata'] => {
  const requestId = headers['x-amzn-requestid'] ?? headers['x-amzn-request-id']
  return {
    httpStatusCode: statusCode,
    attempts: 1,
    totalRetryDelay: 0,
    ...(requestId !== undefined && { requestId }),
  }
}

/** `com.amazonaws.kinesis#SomeException:http://...` is SomeException. */
const errorName = (response: HttpResponse, body: unknown): string => {
  const type = response.headers['x-amzn-errortype'] ?? stringIn(body, '__type') ?? 'Unknown'
  return type.replace(/:.*$/s, '').replace(/^.*#/s, '')
}

const stringIn = (value: unknown, key: string): string | undefined => {
  const found: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  return typeof found === 'string' ? found : undefined
}
