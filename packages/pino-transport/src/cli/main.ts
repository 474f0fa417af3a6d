#!/usr/bin/env node
import { runCli } from './run.js'

runCli().then(
  code => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `pino-kinesis: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    process.exit(2)
  },
)
