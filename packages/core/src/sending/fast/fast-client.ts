import { randomUUID } from 'node:crypto'
import {
  KinesisClient,
  type KinesisClientConfig,
  KinesisServiceException,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis'
import type {
  BatchingKinesisClient,
  PutRecordsOptions,
  PutRecordsRequest,
  PutRecordsResponse,
} from '../client.js'
import { toWireRecord } from '../outgoing.js'
import { type OutgoingRequest, putRecordsBody } from './put-records-body.js'
import { type HttpResponse, streamOf, type Template, Templates } from './template.js'
import { tellsAllStored, UnreadAnswer } from './unread-answer.js'

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

/**
 * The SDK's client with a shorter way for PutRecords: our own body, the SDK's signer, credentials,
 * endpoint and HTTP handler, but neither its schema walks nor its middleware, which cost more than
 * all the rest. The first request to a stream, and the first after an error, take the long way.
 */
export class FastKinesisClient extends KinesisClient implements BatchingKinesisClient {
  readonly #templates: Templates | undefined

  constructor(config: KinesisClientConfig, given: readonly string[]) {
    super(config)
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
    const response = await this.#exchange(template, putRecordsBody(input), options)
    const body = await bytesOf(response.body)
    if (response.statusCode === 200) {
      const read = (): PutRecordsResponse => parse(body, response)
      const answer = tellsAllStored(body, sent) ? new UnreadAnswer(read) : read()
      template.auth.signer.successHandler?.(response, template.auth.properties)
      return answer
    }
    this.#templates?.forget(stream)
    throw this.#error(template, response, body)
  }

  async #exchange(
    { request, auth }: Template,
    body: Buffer,
    options: PutRecordsOptions,
  ): Promise<HttpResponse> {
    const headers = {
      ...request.headers,
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

  #error({ auth }: Template, response: HttpResponse, bytes: Buffer): unknown {
    try {
      const body: unknown = bytes.length === 0 ? {} : parse(bytes, response)
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

/** Throws the SyntaxError of a body that is no JSON, as the SDK does: with its status. */
const parse = (body: Buffer, response: HttpResponse): ReturnType<typeof JSON.parse> => {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw error instanceof Error
      ? Object.assign(error, { $metadata: metadataOf(response) })
      : new Error(String(error))
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
