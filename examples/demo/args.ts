import { parseArgs } from 'node:util'

export const HELP = `npm run demo -- [options]

Runs a small web service whose logs go to Kinesis in three ways (Pino transport, OpenTelemetry
exporter, core producer), breaks the endpoint on the way, reads the stream back and counts.
Without --stream it all happens on this machine, on an embedded Kinesis for tests.

  --stream NAME      a real stream, which must exist; nothing is broken on purpose then
  --region REGION    its region (default: AWS_REGION)
  --endpoint URL     another endpoint, such as an emulator; needs --stream
  --requests COUNT   HTTP requests to make, each leaves three records (default 3000, at most 100000)
  --report FILE      where to write a picture of the run (default build/demo.html)
  --help             this text

Credentials come from the AWS SDK's own chain (AWS_ACCESS_KEY_ID, AWS_PROFILE, ...).
Exit code: 0 nothing lost, 1 something lost, 2 the demo could not run.`

/** The demo cannot run; the message is the one sentence to print. */
export class DemoError extends Error {}

export interface DemoArgs {
  readonly help: boolean
  readonly stream: string | undefined
  readonly region: string | undefined
  readonly endpoint: string | undefined
  readonly requests: number
  readonly report: string
}

const MAX_REQUESTS = 100_000

export const readArgs = (argv: readonly string[]): DemoArgs => {
  const { values } = parse(argv)
  const requests = Number(values.requests ?? 3000)
  if (!Number.isInteger(requests) || requests < 1 || requests > MAX_REQUESTS) {
    throw new DemoError(
      `--requests must be a whole number from 1 to ${MAX_REQUESTS}, not "${values.requests}"`,
    )
  }
  if (values.endpoint !== undefined && values.stream === undefined) {
    throw new DemoError('--endpoint needs --stream: the stream to write to there')
  }
  if (values.endpoint !== undefined && !URL.canParse(values.endpoint)) {
    throw new DemoError(
      `--endpoint must be a URL such as http://127.0.0.1:4567, not "${values.endpoint}"`,
    )
  }
  return {
    help: values.help ?? false,
    stream: values.stream,
    region: values.region,
    endpoint: values.endpoint,
    requests,
    report: values.report ?? 'build/demo.html',
  }
}

const parse = (argv: readonly string[]) => {
  try {
    const option = { type: 'string' } as const
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean' },
        stream: option,
        region: option,
        endpoint: option,
        requests: option,
        report: option,
      },
    })
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw new DemoError(`${message.replace(/\. To specify.*/, '')}; see npm run demo -- --help`)
  }
}
