import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { isJson, type Json, numberOf, parseJson, stringOf } from './json.js'

const STOP_MS = 5000

interface Pending {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * An endpoint in a process of its own. It ends by itself when this process does, and does not keep
 * this process alive.
 */
export class ChildEndpoint {
  readonly port: number
  /** Where it speaks TLS, if it does. */
  readonly tlsPort: number | undefined
  readonly #child: ChildProcess
  readonly #pending = new Map<number, Pending>()
  #lastId = 0

  private constructor(child: ChildProcess, { port, tlsPort }: Ports) {
    this.#child = child
    this.port = port
    this.tlsPort = tlsPort
    child.on('message', (message: unknown) => this.#acknowledge(message))
    child.once('exit', () => {
      for (const { reject } of this.#pending.values())
        reject(new Error('the endpoint process has ended'))
      this.#pending.clear()
    })
    child.unref()
    child.channel?.unref()
    if (child.stdout instanceof Socket) child.stdout.unref()
  }

  static async start(main: URL, options: Json): Promise<ChildEndpoint> {
    const child = fork(main, [JSON.stringify(options)], {
      execArgv: [],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    return new ChildEndpoint(child, await portsOf(child))
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Resolves when the child has done it. */
  control(command: string, value?: unknown): Promise<void> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      // While an answer is awaited, this process must stay.
      this.#child.channel?.ref()
      this.#pending.set(id, { resolve, reject })
      const failed = (error: Error | null): void => {
        if (error === null) return
        this.#pending.delete(id)
        reject(error)
      }
      if (this.#child.connected) this.#child.send({ id, command, value }, failed)
      else failed(new Error('the endpoint process has ended'))
    })
  }

  /** A JSON answer of the endpoint's own pages. */
  async page(path: string): Promise<Json> {
    const response = await fetch(this.endpoint + path, { headers: { connection: 'close' } })
    return parseJson(await response.text()) ?? {}
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.ref()
    const ended = once(this.#child, 'exit')
    if (this.#child.connected) this.#child.disconnect()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS)
    await ended
    clearTimeout(timer)
  }

  #acknowledge(message: unknown): void {
    if (!isJson(message)) return
    const id = numberOf(message['id']) ?? 0
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (this.#pending.size === 0) this.#child.channel?.unref()
    const error = stringOf(message['error'])
    if (error === undefined) pending?.resolve()
    else pending?.reject(new Error(error))
  }
}

interface Ports {
  readonly port: number
  readonly tlsPort: number | undefined
}

/** The first line it prints says its ports. */
const portsOf = (child: ChildProcess): Promise<Ports> =>
  new Promise((resolve, reject) => {
    const failed = (code: unknown): void =>
      reject(new Error(`the endpoint process ended with ${String(code)} before it listened`))
    child.once('exit', failed).once('error', reject)
    if (child.stdout === null) return reject(new Error('no stdout'))
    createInterface({ input: child.stdout }).once('line', line => {
      child.removeListener('exit', failed).removeListener('error', reject)
      const json = parseJson(line)
      const port = numberOf(json?.['port'])
      if (port === undefined) reject(new Error(`not a port: ${line}`))
      else resolve({ port, tlsPort: numberOf(json?.['tlsPort']) })
    })
  })
