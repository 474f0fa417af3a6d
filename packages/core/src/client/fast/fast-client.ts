import { randomUUID } from 'node:crypto'
import {
  KinesisClient,
  type KinesisClientConfig,
  KinesisServiceException,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis'
import { toWireRecord } from '../../packing/outgoing.js'
import type {
  BatchingKinesisClient,
  PutRecordsOptions,
  PutRecordsRequest,
  PutRecordsResponse,
} from '../client-types.js'
import { UnreadAnswer } from '../unread-answer.js'
import { CBOR_WIRE } from '../wire/cbor-wire.js'
import { JSON_WIRE } from '../wire/json-wire.js'
import type { OutgoingRequest, Wire } from '../wire/wire.js'
import { type HttpResponse, streamOf, type Template, Templates } from './template.js'

/** Options under which the short way does all that the SDK's pipeline would do. */
const KNOWN_OPTIONS: ReadonlySet<string> = new Set([
  'region',
  'endpoint',
  'credentials',
  'requestHandler',
  'useFipsEndpoint',
  'useDualstackEndpoint',
  'profile',
  'customUserAgent',
  'userAgentAppId',
  'defaultsMode',
])

/** How an endpoint says that it does not know a format of requests: by name, or without a word. */
const NOT_UNDERSTOOD = /^(SerializationException|UnknownOperationException|UnsupportedMediaType.*)$/
const NOT_UNDERSTOOD_STATUS: ReadonlySet<number> = new Set([400, 404, 415])

const isNotUnderstood = (error: unknown, { statusCode }: HttpResponse): boolean =>
  error instanceof Error &&
  (NOT_UNDERSTOOD.test(error.name) ||
    (['Unknown', 'SyntaxError'].includes(error.name) && NOT_UNDERSTOOD_STATUS.has(statusCode)))

/**
 * The SDK's client with a shorter way for PutRecords: our own body, the SDK's signer, credentials,
 * endpoint and HTTP handler, but neither its schema walks nor its middleware, which cost more than
 * all the rest. The first request to a stream, and the first after an error, take the long way.
 */
export class FastKinesisClient extends KinesisClient implements BatchingKinesisClient {
  readonly #templates: Templates | undefined
  #wire: Wire

  constructor(config: KinesisClientConfig, given: readonly string[], wire: Wire = JSON_WIRE) {
    super(config)
    this.#wire = wire
    // Walks through all records for a log line, even when nobody logs.
    if (config.logger === undefined) this.middlewareStack.remove('loggerMiddleware')
    if (given.every(option => KNOWN_OPTIONS.has(option))) this.#templates = new Templates(this)
  }

  async putRecords(
    input: PutRecordsRequest,
    options: PutRecordsOptions = {},
  ): Promise<PutRecordsResponse> {
    return this.putOutgoing(input, options)
  }

  /** As `putRecords`, for packs as well as whole records. */
  async putOutgoing(
    input: OutgoingRequest,
    options: PutRecordsOptions,
  ): Promise<PutRecordsResponse> {
    const stream = streamOf(input)
    const template = this.#templates?.get(stream)
    if (template === undefined)
      return this.send(
        new PutRecordsCommand({ ...input, Records: input.Records.map(toWireRecord) }),
        options,
      )

    const sent = input.Records.length
    const wire = this.#wire
    const room = Buffer.allocUnsafeSlow(wire.maxBodyBytes(input))
    const body = room.subarray(0, wire.writeBody(input, room))
    const response = await this.#exchange(template, wire, body, options)
    const answer = await bytesOf(response.body)
    if (response.statusCode !== 200) {
      this.#templates?.forget(stream)
      const error = this.#error(template, response, answer)
      if (wire === JSON_WIRE || !isNotUnderstood(error, response)) throw error
      // Nothing was done, and the records are not to blame.
      this.#distrust(wire)
      return this.putOutgoing(input, options)
    }
    const read = (): PutRecordsResponse => this.#read(wire, answer, response)
    const result = wire.tellsAllStored(answer, sent) ? new UnreadAnswer(read) : read()
    template.auth.signer.successHandler?.(response, template.auth.properties)
    return result
  }

  async #exchange(
    { request, auth }: Template,
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
    const signed = await auth.signer.sign(
      { ...request, headers, body },
      auth.identity,
      auth.properties,
    )
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

  #error({ auth }: Template, response: HttpResponse, bytes: Buffer): unknown {
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
      error.$response = response
      // It learns the clock's skew from the answer, then throws the error.
      auth.signer.errorHandler?.(auth.properties)(error)
      return error
    } catch (error) {
      return error
    }
  }
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

const bytesOf = async (body: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
