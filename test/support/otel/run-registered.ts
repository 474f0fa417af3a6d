import { decodeLogs } from '@kinesis-producer/otel-exporter/decode'
import type { FakeKinesis } from '../endpoint/index.js'
import { type ProgramOptions, type Ran, runProgram } from '../run-program.js'

/** What `register` needs to know; the stream is `s`. */
export const registeredEnv = (fake: FakeKinesis | undefined): Record<string, string> => ({
  OTEL_EXPORTER_KINESIS_STREAM_NAME: 's',
  ...(fake !== undefined && { OTEL_EXPORTER_KINESIS_ENDPOINT: fake.endpoint }),
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
})

/** Runs the text of a CommonJS program with `register` before it; the stream is `s`. */
export const runRegistered = (
  fake: FakeKinesis | undefined,
  code: string,
  env: Readonly<Record<string, string>> = {},
  options: Omit<ProgramOptions, 'env'> & {
    /** Modules that are loaded before it. */
    readonly before?: readonly string[]
  } = {},
): Promise<Ran> =>
  runProgram(
    [
      ...[...(options.before ?? []), '@kinesis-producer/otel-exporter/register'].flatMap(one => [
        '--import',
        one,
      ]),
      '-e',
      code,
    ],
    {
      ...options,
      env: { ...registeredEnv(fake), ...env },
    },
  )

/** All logs in the stream, decoded. */
export const logsIn = (fake: FakeKinesis, stream = 's'): ReturnType<typeof decodeLogs> =>
  fake.records(stream).flatMap(({ data }) => decodeLogs(data))
