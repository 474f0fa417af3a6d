// npm run test:file -- FILE...: the tests whose path in test/ contains one of the texts
// (`test/unit/core/batching.test.ts`, `unit/core/queue`, `batching`), with `npm test`'s settings.
// What begins with a dash goes to mocha (`--bail`, `--grep=backoff`), `NAME=VALUE` into the
// environment (`PROPERTY_RUNS=100`). Needs compiled tests.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { filesIn } from './files.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const isSetting = argument => /^[A-Z_]+=/.test(argument)
const passedOn = process.argv.slice(2).filter(argument => argument.startsWith('-'))
const settings = process.argv.slice(2).filter(isSetting)
const wanted = process.argv
  .slice(2)
  .filter(argument => !argument.startsWith('-') && !isSetting(argument))
  .map(argument => argument.replaceAll('\\', '/').replace(/^.*\btest\/(?=[a-z])/, ''))
  .map(argument => argument.replace(/(\.test)?\.(ts|js)$/, '.test.js'))

for (const setting of settings) {
  const end = setting.indexOf('=')
  process.env[setting.slice(0, end)] = setting.slice(end + 1)
}

// tsc keeps the output of removed tests.
const all = filesIn('build/test', '.test.js')
  .map(file => file.slice('build/test/'.length))
  .filter(file => existsSync(`test/${file.replace(/js$/, 'ts')}`))
const unknown = wanted.filter(text => !all.some(file => file.includes(text)))
for (const text of unknown) console.error(`test:file: no test file has "${text}" in its path`)
if (wanted.length === 0) {
  console.error('npm run test:file -- FILE...: paths of test files, or parts of them. There are:')
  for (const file of all) console.error(`  test/${file.replace(/js$/, 'ts')}`)
}
if (wanted.length === 0 || unknown.length > 0) process.exit(2)

const files = all.filter(file => wanted.some(text => file.includes(text)))
// The settings without the list of all files, which would be added to ours.
const { spec: _all, ...mocharc } = JSON.parse(readFileSync('.mocharc.json', 'utf8'))
const config = 'build/mocharc.json'
writeFileSync(config, JSON.stringify(mocharc))
const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js')
const { status } = spawnSync(
  process.execPath,
  [mocha, '--config', config, ...passedOn, ...files.map(file => `build/test/${file}`)],
  { stdio: 'inherit' },
)
process.exit(status ?? 1)
