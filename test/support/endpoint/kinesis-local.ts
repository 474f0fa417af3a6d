import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

interface Ports {
  readonly port: number
  readonly tlsPort: number
}

/** kinesis-local in a process of its own, which ends with this one at the latest. */
export class KinesisLocal {
  readonly endpoint: string
  readonly tlsEndpoint: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, { port, tlsPort }: Ports) {
    this.#child = child
    this.endpoint = `http://127.0.0.1:${port}`
    this.tlsEndpoint = `https://127.0.0.1:${tlsPort}`
  }

  static async start(): Promise<KinesisLocal> {
    const child = fork(new URL('./kinesis-local-main.js', import.meta.url), [], {
      execArgv: [],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    if (child.stdout === null) throw new Error('no stdout')
    const lines = createInterface({ input: child.stdout })
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`kinesis-local ended with ${String(code)} before it listened`)
    })
    const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string]
    ended.catch(() => {})
    return new KinesisLocal(child, JSON.parse(line) as Ports)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}
