// Runs the packed core with the oldest and the newest AWS SDK of the range that its package.json states.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startFakeKinesis } from '../build/test/support/endpoint/index.js'
import { pack, root, run, start } from './packed.mjs'

const SDK = '@aws-sdk/client-kinesis'
const APP = 'sdk-app.mjs'
const { dependencies } = JSON.parse(readFileSync(join(root, 'packages/core/package.json'), 'utf8'))
const range = dependencies[SDK]
const oldest = /^\^(\d+\.\d+\.\d+)$/.exec(range)?.[1]
if (oldest === undefined) throw new Error(`${SDK} ${range}: expected ^x.y.z`)
// Others may be named: node scripts/check-sdk.mjs 3.1100.0
const versions = process.argv.length > 2 ? process.argv.slice(2) : [oldest, range]

const work = mkdtempSync(join(tmpdir(), 'kinesis-sdk-'))
const tarballs = pack(['core'], work)
let failed = 0
for (const version of versions) {
  const folder = join(work, version.replace(/\W/g, '_'))
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      private: true,
      dependencies: { ...tarballs, [SDK]: version, '@smithy/node-http-handler': '^4.0.0' },
      overrides: { [SDK]: `$${SDK}` },
    }),
  )
  run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefer-offline', '--engine-strict=false'],
    folder,
  )
  cpSync(join(root, 'test/packages', APP), join(folder, APP))
  const { version: installed } = JSON.parse(
    readFileSync(join(folder, 'node_modules', SDK, 'package.json'), 'utf8'),
  )
  const fake = await startFakeKinesis({ streams: { s: 2 } })
  try {
    await start(process.execPath, [APP, fake.endpoint], folder, {})
    if (new Set(fake.texts('s')).size !== 25) throw new Error(`${fake.texts('s').length} records`)
    console.log(`ok: ${SDK} ${installed}`)
  } catch (error) {
    failed++
    console.error(`FAILED: ${SDK} ${installed}: ${error.message}`)
  }
  await fake.close()
}
rmSync(work, { recursive: true, force: true })
process.exit(failed === 0 ? 0 : 1)
