import { randomUUID } from 'node:crypto'
import {
  KinesisClient,
  type KinesisClientConfig,
  KinesisServiceException,
} from '@aws-sdk/client-kinesis'
import { wordsOfBody } from '../../errors/bounded-text.js'
import {
  type PutRecordsOptions,
  type PutRecordsResponse,
  regionOf,
  type StreamTarget,
} from '../client-types.js'
import { MAX_PAGE_BYTES, NOT_THE_SERVICES } from '../first-words.js'
import { sendPutRecords } from '../put-command.js'
import { checkRegion, FoundRegion } from '../region.js'
import { noteRetryAfter } from '../retry-after.js'
import { UnreadAnswer } from '../unread-answer.js'
import { markUnsent, unlessAborted } from '../unsent.js'
import { CBOR_WIRE } from '../wire/cbor-wire.js'
import { JSON_WIRE } from '../wire/json-wire.js'
import type { OutgoingRequest, Wire } from '../wire/wire.js'
import { limitAnswers } from './answer-limit.js'
import { BodyPool } from './body-pool.js'
import { type WrittenBody, writeInTurns } from './body-writer.js'
import { answerLimit, bytesOf, unzipped } from './http-body.js'
import { HASH_HEADER, type HttpResponse, streamOf, type Template, Templates } from './template.js'
import { Untouched } from './untouched.js'
import { WireFormat } from './wire-format.js'

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

/**
 * The SDK's client with a shorter way for PutRecords: our own body, the SDK's signer, credentials,
 * endpoint and HTTP handler, but neither its schema walks nor its middleware, which cost more than
 * all the rest. The first request to a stream, and the first after an error, take the long way; so
 * do all, once the client was changed in a way that the short one would bypass.
 */
export class FastKinesisClient extends KinesisClient {
  readonly #templates: Templates | undefined
  readonly #untouched: Untouched
  /** As it was given; a function is asked when a request is made. */
  readonly #region: KinesisClientConfig['region']
  readonly #foundRegion: FoundRegion
  readonly #format: WireFormat
  readonly #bodies = new BodyPool()
  /** Another handler than ours may keep what it was given to send. */
  readonly #ourHandler: unknown

  /** @param handlerIsOurs whether the request handler was made by this package */
  constructor(
    config: KinesisClientConfig,
    given: readonly string[],
    wire: Wire = JSON_WIRE,
    handlerIsOurs = false,
  ) {
    const found = new FoundRegion(config.profile)
    super({ ...config, region: config.region ?? found.provider })
    this.#region = config.region
    if (handlerIsOurs) this.#ourHandler = this.config.requestHandler
    this.#foundRegion = found
    this.#format = new WireFormat(wire)
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

  /**
   * A client that was given no region, and finds none, takes that of a stream named by its ARN.
   * @throws {ConfigError} the stream is not in the region that was given
   */
  mayAdopt(target: StreamTarget): void {
    checkRegion(target, this.#region)
    this.#foundRegion.adopt(regionOf(target))
  }

  /** Whether requests may go the short way: nobody has to see them in the SDK's pipeline. */
  get shortWayPossible(): boolean {
    return this.#templates !== undefined && this.#untouched.holds
  }

  /** As the command PutRecords, for packs as well as whole records. */
  async putOutgoing(input: OutgoingRequest, options: PutRecordsOptions = {}): Promise<unknown> {
    options.abortSignal?.throwIfAborted()
    const stream = streamOf(input)
    const template = this.shortWayPossible ? this.#templates?.get(stream) : undefined
    if (template === undefined) return this.#pipeline(stream, input, options)

    const sent = input.Records.length
    const { wire } = this.#format
    const room = this.#bodies.lend(wire.maxBodyBytes(input))
    const properties = { ...template.auth.properties }
    let response: HttpResponse
    let answer: Buffer
    try {
      const written = await writeInTurns(wire.writeBody(input, room), room, options.abortSignal)
      response = await this.#exchange(template, properties, wire, written, options)
      answer = await answerOf(response, options.abortSignal)
    } catch (error) {
      // The endpoint may be another by now, and only the pipeline asks for it.
      this.#templates?.forget(stream)
      throw error
    }
    if (response.statusCode !== 200) {
      this.#templates?.forget(stream)
      const error = this.#error(template, properties, response, answer)
      switch (this.#format.refused(wire, error, response)) {
        case 'trust':
          throw error
        case 'give up':
          // What was sent may have been carried out: only the producer may send it again.
          if (response.statusCode >= 500) throw error
          return this.#pipeline(stream, input, options)
        case 'compare':
          // The pipeline speaks JSON. If that is refused too, the fault is not the format's.
          return this.#pipeline(stream, input, options).then(stored => {
            this.#format.giveUp(wire)
            return stored
          })
      }
    }
    const { signer } = template.auth
    signer.successHandler?.(response, properties)
    // Some answer in JSON whatever they are asked in.
    const answered = formatOf(response) ?? wire
    const read = (): PutRecordsResponse => this.#read(wire, answered, answer, response)
    const allStored = answered.tellsAllStored(answer, sent)
    const found = allStored ? new UnreadAnswer(sent, read) : read()
    this.#format.understood(wire)
    // The service has checked the hash of the whole body: nothing of it is still to be sent.
    if (allStored && this.config.requestHandler === this.#ourHandler) this.#bodies.giveBack(room)
    return found
  }

  async #pipeline(
    stream: string,
    input: OutgoingRequest,
    options: PutRecordsOptions,
  ): Promise<unknown> {
    try {
      // Given up meanwhile: the memory of the records may hold others by now.
      options.abortSignal?.throwIfAborted()
      return await sendPutRecords(this, input, options)
    } catch (error) {
      this.#templates?.forget(stream)
      throw error
    }
  }

  async #exchange(
    { request, auth }: Template,
    properties: Template['auth']['properties'],
    { contentType }: Wire,
    { body, hash }: WrittenBody,
    options: PutRecordsOptions,
  ): Promise<HttpResponse> {
    const headers = {
      ...request.headers,
      'content-type': contentType,
      'content-length': String(body.length),
      // The signer takes it from here, and does not read the body again.
      ...(auth.hashesBody && { [HASH_HEADER]: hash }),
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

  #read(wire: Wire, answered: Wire, answer: Buffer, response: HttpResponse): PutRecordsResponse {
    try {
      return parsed(answered, answer, response)
    } catch (error) {
      this.#format.giveUp(wire)
      throw error
    }
  }

  #error(
    { auth }: Template,
    properties: Template['auth']['properties'],
    response: HttpResponse,
    bytes: Buffer,
  ): unknown {
    try {
      const body: unknown =
        bytes.length === 0 ? {} : parsed(formatOf(response) ?? JSON_WIRE, bytes, response)
      const name = errorName(response, body)
      const error = new KinesisServiceException({
        name,
        message: stringIn(body, 'message') ?? stringIn(body, 'Message') ?? name,
        $fault: response.statusCode < 500 ? 'client' : 'server',
        $metadata: metadataOf(response),
      })
      this.#learnSkew(auth, properties, error, response)
      noteRetryAfter(error, response)
      return error
    } catch (error) {
      noteRetryAfter(error, response)
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

const answerOf = async (
  { body, headers, statusCode }: HttpResponse,
  signal: AbortSignal | undefined,
): Promise<Buffer> => {
  const limit = answerLimit(statusCode)
  try {
    return unzipped(await bytesOf(body, limit, signal), headers['content-encoding'], limit)
  } catch (error) {
    throw withStatus(error, { body, headers, statusCode })
  }
}

/** Undefined: the response does not say, or says something else. */
const formatOf = ({ headers }: HttpResponse): Wire | undefined => {
  const type = headers['content-type']
  if (type?.includes('cbor') === true) return CBOR_WIRE
  return type?.includes('json') === true ? JSON_WIRE : undefined
}

/** Throws what cannot be read, as the SDK does: with its status. */
const parsed = (wire: Wire, answer: Buffer, response: HttpResponse): PutRecordsResponse => {
  try {
    return wire.parse(answer)
  } catch (error) {
    const words = wordsOfBody(answer.toString('utf8', 0, MAX_PAGE_BYTES))
    const unreadable = new SyntaxError(
      words === '' ? 'the answer to PutRecords is empty' : `${NOT_THE_SERVICES}: ${words}`,
      { cause: error },
    )
    throw Object.assign(unreadable, { $metadata: metadataOf(response) })
  }
}

/** The status decides what to do about a response, also when its body cannot be read. */
const withStatus = (error: unknown, response: HttpResponse): unknown => {
  noteRetryAfter(error, response)
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
