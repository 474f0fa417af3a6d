import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type FakeKinesis, startFakeKinesis } from '../support/endpoint/index.js'
import { PINO_CLI } from '../support/pino-programs.js'
import { runProgram } from '../support/run-program.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const README = readFileSync(join(root, 'packages/pino-transport/README.md'), 'utf8')
const samples = [...README.matchAll(/```(js|sh)(?: file=(\S+))?\n([\s\S]*?)```/g)].map(
  ([, kind = '', file, code = '']) => ({ kind, file, code }),
)

describe('the samples of the Pino transport’s README', () => {
  let fake: FakeKinesis
  let folder: string
  before(() => {
    // Inside the workspace, where the packages are found.
    folder = mkdtempSync(join(root, 'build/readme-'))
    for (const { file, code } of samples)
      if (file !== undefined) writeFileSync(join(folder, file), code)
    writeFileSync(
      join(folder, 'app.js'),
      'import pino from "pino"\nconst logger = pino()\nfor (let i = 0; i < 10; i++) logger.info({ i }, "x")\n',
    )
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(
      join(folder, 'undelivered.ndjson'),
      '{"time":"2026-01-01T00:00:00.000Z","reason":"closed","attempts":1,"data":"{}\\n"}\n',
    )
    mkdirSync(join(folder, 'bin'))
    writeFileSync(
      join(folder, 'bin/pino-kinesis'),
      `#!/bin/sh\nexec "${process.execPath}" "${PINO_CLI}" "$@"\n`,
    )
    chmodSync(join(folder, 'bin/pino-kinesis'), 0o755)
  })
  after(() => rmSync(folder, { recursive: true }))
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { 'my-stream': 2 } })
  })
  afterEach(() => fake.close())

  const runSample = async (command: string, args: readonly string[]) => {
    const { code, stderr } = await runProgram(args, {
      command,
      cwd: folder,
      env: {
        PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
        AWS_ENDPOINT_URL: fake.endpoint,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'a',
        AWS_SECRET_ACCESS_KEY: 'b',
      },
    })
    assert.equal(code, 0, stderr)
    return stderr
  }

  const runnable = samples.filter(
    ({ kind, file, code }) => kind === 'js' && file === undefined && code !== '',
  )
  for (const [index, { code }] of runnable.entries()) {
    it(`run and deliver: ${code
      .split('\n')
      .find(line => /logger\.|\)\.info/.test(line))
      ?.trim()}`, async () => {
      const file = join(folder, `sample-${index}.mjs`)
      writeFileSync(file, code)
      assert.equal(await runSample(process.execPath, [file]), '')
      assert.equal(fake.texts('my-stream').length, 1)
    })
  }

  const commands = samples
    .filter(({ kind, code }) => kind === 'sh' && code.includes('pino-kinesis'))
    .flatMap(({ code }) => code.trim().split('\n'))
  for (const command of commands) {
    it(`run: ${command}`, async () => {
      const stderr = await runSample('sh', ['-c', command])
      const sends = !/--help|--dry-run/.test(command)
      const expected = command.includes('--replay') ? 1 : sends ? 10 : 0
      const lines = fake.texts('my-stream').flatMap(text => text.trim().split('\n'))
      assert.equal(lines.length, expected, stderr)
    })
  }

  it('are all there', () => {
    assert.ok(runnable.length >= 8 && commands.length >= 5)
  })
})
