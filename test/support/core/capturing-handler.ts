import { Readable } from 'node:stream'

export interface CapturedRequest {
  readonly headers: Record<string, string>
  readonly hostname: string
  readonly body: Uint8Array | string
}

export interface CannedResponse {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array | Readable
}

/** A request handler of the SDK without a network: keeps what it is given, and answers as it is told. */
export class CapturingHandler {
  readonly requests: CapturedRequest[] = []
  /** Decides the answer; by default everything is stored. */
  answer: ((request: CapturedRequest) => CannedResponse | Promise<CannedResponse>) | undefined

  async handle(request: CapturedRequest): Promise<{ response: object }> {
    this.requests.push(request)
    const { status = 200, headers = {}, body } = await (this.answer ?? allStored)(request)
    const stream =
      body instanceof Readable
        ? body
        : Readable.from([Buffer.from(body ?? '')], { objectMode: false })
    return { response: { statusCode: status, headers, body: stream } }
  }
}

const allStored = ({ body }: CapturedRequest): CannedResponse => {
  const { Records } = JSON.parse(Buffer.from(body).toString('utf8'))
  return {
    body: JSON.stringify({
      FailedRecordCount: 0,
      Records: Records.map(() => ({ SequenceNumber: '1', ShardId: 'shardId-000000000000' })),
    }),
  }
}
