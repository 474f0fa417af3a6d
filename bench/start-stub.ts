import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Endpoints {
  readonly http: string
  /** Clear text HTTP/2, which the SDK's default client speaks. */
  readonly http2: string
  readonly https: string
}

export interface Stub extends Endpoints {
  readonly stop: () => void
}

const inBench = (path: string): string =>
  fileURLToPath(new URL(`../../bench/${path}`, import.meta.url))
/** Made for nothing but this; the clients are told to trust it. */
export const CERTIFICATE: string = inBench('tls/cert.pem')

export const startStub = async (latency: number, shards = 4): Promise<Stub> => {
  const script = fileURLToPath(new URL('./stub.js', import.meta.url))
  const child = fork(script, [String(latency), String(shards), CERTIFICATE, inBench('tls/key.pem')])
  const [ports]: { http: number; http2: number; https: number }[] = await once(child, 'message')
  if (ports === undefined) throw new Error('the stub did not start')
  return {
    http: `http://127.0.0.1:${ports.http}`,
    http2: `http://127.0.0.1:${ports.http2}`,
    https: `https://localhost:${ports.https}`,
    stop: () => child.kill(),
  }
}
