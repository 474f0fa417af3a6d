// tsc -b keeps the output of removed sources: a deleted test would still run, a deleted module be packed.
import { readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
// A run of all checks builds once, from nothing, and says so: the sources cannot have changed since.
if (!process.env.KEEP_BUILD) {
  rmSync(`${root}build`, { recursive: true, force: true })
  for (const name of readdirSync(`${root}packages`)) {
    rmSync(`${root}packages/${name}/dist`, { recursive: true, force: true })
  }
}
