import { once } from 'node:events'
import { createServer as createHttp1 } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import { createServer, type Server, type Socket } from 'node:net'
import { type Readable } from 'node:stream'

/** One request and the ways to answer it or not, the same for both versions of HTTP. */
export interface Exchange {
  readonly path: string
  readonly method: string
  readonly operation: string
  body(): Promise<string>
  answer(status: number, body: string, type?: string): void
  /** Half of the body, then the end of the connection. */
  cut(body: string): void
  destroy(): void
  readonly gone: boolean
  onGone(then: () => void): void
}

const JSON_TYPE = 'application/x-amz-json-1.1'

const readAll = async (stream: Readable): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of stream) if (chunk instanceof Buffer) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

const headersFor = (body: string, type: string): Record<string, string | number> => ({
  'content-type': type,
  'content-length': Buffer.byteLength(body),
  'x-amzn-requestid': '00000000-0000-0000-0000-000000000000',
})

const operationOf = (target: unknown): string => (typeof target === 'string' ? (target.split('.')[1] ?? '') : '')

/** HTTP/1.1 and, for clients that open with its preface, HTTP/2 on one port of 127.0.0.1. */
export class Transport {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(serve: (exchange: Exchange) => void) {
    const http1 = createHttp1({ keepAliveTimeout: 60_000 }, (request, response) => {
      serve({
        path: request.url ?? '/',
        method: request.method ?? '',
        operation: operationOf(request.headers['x-amz-target']),
        body: () => readAll(request),
        answer: (status, body, type = JSON_TYPE) => {
          if (response.destroyed) return
          response.writeHead(status, headersFor(body, type)).end(body)
        },
        cut: body => {
          response.writeHead(200, headersFor(body, JSON_TYPE))
          response.write(body.slice(0, body.length / 2), () => request.socket.destroy())
        },
        destroy: () => request.socket.destroy(),
        get gone() {
          return response.destroyed
        },
        onGone: then => void response.once('close', then),
      })
    })
    const http2 = createHttp2((request, response) => {
      const { stream } = response
      serve({
        path: request.url,
        method: request.method,
        operation: operationOf(request.headers['x-amz-target']),
        body: () => readAll(request),
        answer: (status, body, type = JSON_TYPE) => {
          if (stream.destroyed) return
          stream.respond({ ':status': status, ...headersFor(body, type) })
          stream.end(body)
        },
        cut: body => {
          stream.respond({ ':status': 200, ...headersFor(body, JSON_TYPE) })
          stream.write(body.slice(0, body.length / 2), () => stream.session?.destroy())
        },
        destroy: () => stream.session?.destroy(),
        get gone() {
          return stream.destroyed
        },
        onGone: then => void stream.once('close', then),
      })
    })
    // Connections die in tests on purpose: that is no error of the server.
    http2.on('sessionError', () => {})
    this.#server = createServer(socket => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {})
      socket.once('readable', () => {
        const start: unknown = socket.read()
        if (!(start instanceof Buffer)) return
        socket.unshift(start)
        const server = start.toString('latin1', 0, 3) === 'PRI' ? http2 : http1
        server.emit('connection', socket)
      })
    })
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.dropConnections()
    await closed
  }
}
