import { once } from 'node:events'
import { createServer as createHttp1 } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Exchange, type WireRequest, type WireResponse } from './exchange.js'
import { errorReply } from './reply.js'

const WINDOW = 16 * 1024 * 1024
/** The largest PutRecords has 10 MiB, in base64. */
const MAX_BODY_BYTES = 20 * 1024 * 1024
const TOO_LARGE: Buffer = Buffer.alloc(0)
/** An HTTP/2 connection starts with "PRI * HTTP/2.0"; no HTTP/1.1 method starts like that. */
const PREFACE = Buffer.from('PRI')

export type Handler = (exchange: Exchange) => Promise<void>

/** HTTP/1.1 and HTTP/2 in clear text on one port. */
export class Front {
  /** Connections accepted so far: tells keep-alive clients from the others. */
  opened = 0
  readonly #handler: Handler
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  #unref = false

  constructor(handler: Handler) {
    this.#handler = handler
    const http1 = createHttp1({ keepAliveTimeout: 60_000 }, (request, response) => {
      void this.#serve(request, response, () => request.socket.destroy())
    })
    const http2 = createHttp2({ settings: { initialWindowSize: WINDOW } }, (request, response) => {
      void this.#serve(request, response, () => response.stream.session?.destroy())
    })
    // A client that goes away in the middle is part of the job here.
    http1.on('clientError', (_error, socket) => socket.destroy())
    http2.on('sessionError', () => {})
    http2.on('session', session => session.setLocalWindowSize(WINDOW))
    this.#server = createServer(socket => {
      this.opened++
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket)).on('error', () => {})
      sniff(socket, isHttp2 => (isHttp2 ? http2 : http1).emit('connection', socket))
      if (this.#unref) socket.unref()
    })
  }

  async listen(port: number, host: string): Promise<void> {
    this.#server.listen(port, host)
    await once(this.#server, 'listening')
  }

  get address(): AddressInfo {
    const address: AddressInfo | string | null = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the endpoint is closed')
    return address
  }

  /** From now on neither the server nor a connection keeps the process alive. */
  unref(): void {
    this.#unref = true
    this.#server.unref()
    for (const socket of this.#sockets) socket.unref()
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

  async #serve(request: WireRequest, response: WireResponse, sever: () => void): Promise<void> {
    const body = await readBody(request)
    if (body === undefined) return
    const exchange = new Exchange(request, body, response, sever)
    if (body === TOO_LARGE) return exchange.answer({ status: 413, body: '', type: 'text/plain' })
    try {
      await this.#handler(exchange)
    } catch (error) {
      // A bug of ours must be loud in the test that met it, not an unhandled rejection elsewhere.
      if (exchange.status === 0)
        exchange.answer(errorReply('InternalFailure', `test endpoint: ${String(error)}`, 500))
    }
  }
}

/** Undefined if the client went away. What is too large is read, so that the client sees the answer. */
const readBody = async (request: WireRequest): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request) {
      if (!Buffer.isBuffer(chunk)) continue
      bytes += chunk.length
      if (bytes > MAX_BODY_BYTES) chunks.length = 0
      else chunks.push(chunk)
    }
  } catch {
    return undefined
  }
  if (bytes > MAX_BODY_BYTES) return TOO_LARGE
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
}

/** Reads just enough to know the protocol, and puts it back. */
const sniff = (socket: Socket, known: (isHttp2: boolean) => void): void => {
  let seen: Buffer = Buffer.alloc(0)
  const onReadable = (): void => {
    const chunk: unknown = socket.read()
    if (!Buffer.isBuffer(chunk)) return
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    if (seen.length < PREFACE.length) return
    socket.removeListener('readable', onReadable)
    socket.unshift(seen)
    known(seen.subarray(0, PREFACE.length).equals(PREFACE))
  }
  socket.on('readable', onReadable)
}
