#!/usr/bin/env node
import { TestKinesis } from '../test-kinesis.js'
import { HELP, readInvocation } from './flags.js'

const run = async (): Promise<void> => {
  const { help, options, faults } = readInvocation(process.argv.slice(2))
  if (help) {
    process.stdout.write(HELP)
    return
  }
  const kinesis = new TestKinesis(options)
  kinesis.faults(...faults)
  await kinesis.listen()
  const stop = (): void => void kinesis.close().then(() => process.exit(0))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop)
  // The reader may have gone; the endpoint stays.
  process.stdout.on('error', () => {})
  process.stdout.write(`Kinesis for tests listens on ${kinesis.endpoint}\n`)
}

run().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`kinesis-test-server: ${message}\n`)
  process.exitCode = 2
})
