import type { Service } from './service.js'

/** Shows how things stand: one line redrawn on a terminal, a line a second elsewhere. */
export class Progress {
  readonly #live: boolean = process.stdout.isTTY
  readonly #startedAt = performance.now()
  #drawnAt = Number.NEGATIVE_INFINITY

  draw(service: Service, requests: number, total: number, phase: string): void {
    const now = performance.now()
    if (now - this.#drawnAt < (this.#live ? 50 : 1000)) return
    this.#drawnAt = now
    const { delivered, remaining, retries, dropped } = service.stats()
    const line =
      `${((now - this.#startedAt) / 1000).toFixed(1).padStart(5)} s  requests ${String(requests).padStart(5)}/${total}` +
      `  audit: sent ${String(delivered).padStart(5)}  buffered ${String(remaining).padStart(4)}` +
      `  retried ${String(retries).padStart(5)}  dropped ${dropped}  ${phase}`
    if (this.#live)
      process.stdout.write(`\r\x1b[2K${line.slice(0, (process.stdout.columns || 120) - 1)}`)
    else console.log(line)
  }

  end(): void {
    if (this.#live) process.stdout.write('\n')
  }
}
