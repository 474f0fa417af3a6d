/** kinesalite ships no types; only what the emulator uses is declared. */
declare module 'kinesalite' {
  import type { Server } from 'node:http'

  export interface Options {
    readonly createStreamMs?: number
    readonly deleteStreamMs?: number
    readonly updateStreamMs?: number
    readonly shardLimit?: number
  }
  /** CommonJS: the function is `module.exports`. */
  export default function kinesalite(options?: Options): Server
}
