import type { IncomingHttpHeaders } from 'node:http'
import { type Json, parseJson } from '../json.js'
import { AMZ_CBOR, fromCbor, toCbor } from './cbor.js'
import { AMZ_JSON, type Reply } from './reply.js'

/** What `http` and `http2` requests share. */
export interface WireRequest extends AsyncIterable<unknown> {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: IncomingHttpHeaders
}

/** What `http` and `http2` responses share. */
export interface WireResponse {
  statusCode: number
  setHeader(name: string, value: string | number): unknown
  write(chunk: Buffer, callback: () => void): boolean
  end(body: string | Buffer): unknown
  once(event: 'close', listener: () => void): unknown
}

let requestIds = 0

/** One request with its body read, and all the ways to answer it, well-behaved or not. */
export class Exchange {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** The part of X-Amz-Target after the dot. */
  readonly operation: string
  readonly body: Buffer
  /** Aborts when the connection goes before an answer went out. */
  readonly gone: AbortSignal
  /** 0 until something was answered. */
  status = 0
  readonly #response: WireResponse
  readonly #sever: () => void

  constructor(request: WireRequest, body: Buffer, response: WireResponse, sever: () => void) {
    this.method = request.method ?? ''
    this.path = request.url ?? ''
    this.headers = request.headers
    this.operation = String(request.headers['x-amz-target'] ?? '').split('.')[1] ?? ''
    this.body = body
    this.#response = response
    this.#sever = sever
    const gone = new AbortController()
    this.gone = gone.signal
    response.once('close', () => {
      if (this.status === 0) gone.abort()
    })
  }

  /** The request's JSON, or what its CBOR would be in JSON. */
  request(knowsCbor: boolean): Json | undefined {
    if (this.#isCbor) return knowsCbor ? fromCbor(this.body) : undefined
    return parseJson(this.body.toString('utf8'))
  }

  get #isCbor(): boolean {
    return this.headers['content-type'] === AMZ_CBOR
  }

  answer(reply: Reply): void {
    if (this.gone.aborted) return
    const body = this.#isCbor && reply.type === AMZ_JSON ? toCbor(reply.body) : reply.body
    this.#head(reply.status, typeof body === 'string' ? reply.type : AMZ_CBOR, body)
    this.#response.end(body)
  }

  /** Promises the whole body, sends half of it, then kills the connection. */
  cut(reply: Reply): void {
    if (this.gone.aborted) return
    this.#head(reply.status, reply.type, reply.body)
    const half = Buffer.from(reply.body).subarray(0, Math.ceil(reply.body.length / 2))
    // The kernel must have the half before the socket dies, or the client would see no response.
    this.#response.write(half, () => setImmediate(this.#sever))
  }

  hangUp(): void {
    this.#sever()
  }

  #head(status: number, type: string, body: string | Buffer): void {
    this.status = status
    this.#response.statusCode = status
    this.#response.setHeader('content-type', type)
    this.#response.setHeader('content-length', Buffer.byteLength(body))
    this.#response.setHeader(
      'x-amzn-requestid',
      `00000000-0000-4000-8000-${String(++requestIds).padStart(12, '0')}`,
    )
  }
}
