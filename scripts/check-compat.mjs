// Runs the packed OpenTelemetry exporter under both lines of the SDK, each on a Node it supports.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeLogs } from '@kinesis-producer/otel-exporter/decode'
import { startFakeKinesis } from '../build/test/support/endpoint/index.js'
import { otelCases } from './otel-recipes.mjs'
import { pack, root, run, start } from './packed.mjs'

const work = mkdtempSync(join(tmpdir(), 'kinesis-compat-'))
const LINES = {
  '2.x, oldest': {
    types: 'otel-types-oldest.txt',
    node: process.execPath,
    dependencies: {
      '@opentelemetry/api': '1.9.0',
      '@opentelemetry/api-logs': '0.200.0',
      '@opentelemetry/sdk-logs': '0.200.0',
    },
  },
  '2.x': {
    node: process.execPath,
    dependencies: {
      '@opentelemetry/api': '1.9.1',
      '@opentelemetry/api-logs': '0.223.1',
      '@opentelemetry/sdk-logs': '0.223.1',
    },
  },
  '3.x': {
    node: 'node_modules/node/bin/node',
    dependencies: {
      '@opentelemetry/api': '^1.10.0',
      '@opentelemetry/sdk-logs': '^3.1.0',
      node: '24',
    },
  },
}

const tarballs = pack(['core', 'otel-exporter'], work)

let failed = 0
for (const [line, { node, dependencies, types }] of Object.entries(LINES)) {
  const folder = join(work, line)
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      private: true,
      dependencies: { ...tarballs, ...dependencies },
      overrides: { '@kinesis-producer/core': tarballs['@kinesis-producer/core'] },
    }),
  )
  run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefer-offline', '--engine-strict=false'],
    folder,
  )
  cpSync(join(root, 'test/packages/otel-app.mjs'), join(folder, 'otel-app.mjs'))
  cpSync(join(root, 'test/packages', types ?? 'otel-types.txt'), join(folder, 'types.mts'))
  const tsc = [
    join(root, 'node_modules/typescript/bin/tsc'),
    '--noEmit',
    '--strict',
    '--skipLibCheck',
  ]
  try {
    run(process.execPath, [...tsc, '--module', 'nodenext', '--types', '', 'types.mts'], folder)
    console.log(`ok: SDK ${line}, types`)
  } catch (error) {
    failed++
    console.error(`FAILED: SDK ${line}, types: ${error.message}`)
  }
  for (const how of ['batch', 'simple', 'direct', 'register']) {
    const fake = await startFakeKinesis({ streams: { s: 2 } })
    const args = how === 'register' ? ['--import', '@kinesis-producer/otel-exporter/register'] : []
    const env = {
      OTEL_EXPORTER_KINESIS_STREAM_NAME: 's',
      OTEL_EXPORTER_KINESIS_ENDPOINT: fake.endpoint,
      OTEL_BLRP_MAX_QUEUE_SIZE: '5000',
      OTEL_SERVICE_NAME: 'compat',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    }
    try {
      await start(node, [...args, 'otel-app.mjs', how, fake.endpoint], folder, env)
      const logs = fake.records('s').flatMap(({ data }) => decodeLogs(data))
      const bodies = new Set(logs.map(({ body }) => body))
      if (bodies.size !== 1000 || logs.length !== 1000) throw new Error(`${logs.length} logs`)
      if (how === 'register' && logs[0].resource['service.name'] !== 'compat')
        throw new Error('OTEL_SERVICE_NAME is not in the resource')
      console.log(`ok: SDK ${line}, ${how}`)
    } catch (error) {
      failed++
      console.error(`FAILED: SDK ${line}, ${how}: ${error.message}`)
    }
    await fake.close()
  }
  // The oldest one takes its exporters in another way.
  if (types !== undefined) continue
  const cases = otelCases(
    folder,
    fake => ({
      AWS_ENDPOINT_URL: fake.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    }),
    node,
  )
  for (const name of ['README, batch processor', 'README, Lambda']) {
    const fake = await startFakeKinesis({ streams: { 'my-stream': 1 } })
    try {
      await cases[name](fake)
      console.log(`ok: SDK ${line}, ${name}`)
    } catch (error) {
      failed++
      console.error(`FAILED: SDK ${line}, ${name}: ${error.message}`)
    }
    await fake.close()
  }
}
rmSync(work, { recursive: true, force: true })
process.exit(failed === 0 ? 0 : 1)
