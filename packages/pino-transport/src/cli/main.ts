#!/usr/bin/env node
import { BusyError } from '../undelivered/replaying.js'
import { runCli } from './run.js'

// Lines are delivered, whether somebody reads what is said about it or not.
process.stderr.on('error', () => {})
process.stdout.on('error', () => {})

runCli().then(
  code => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `pino-kinesis: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    process.exit(error instanceof BusyError ? 1 : 2)
  },
)
