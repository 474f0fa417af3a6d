// Compiles and synthesizes the CDK snippet of ops/cdk, and compares what it allows with ops/iam.
// aws-cdk-lib takes 186 MB, so this is no part of .ci/run: the nightly workflow runs it.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, run } from './packed.mjs'

const work = mkdtempSync(join(tmpdir(), 'kinesis-infra-'))
const write = (name, content) => writeFileSync(join(work, name), content)
write(
  'package.json',
  JSON.stringify({
    private: true,
    type: 'module',
    dependencies: { 'aws-cdk-lib': '2.276.0', constructs: '10.8.1', '@types/node': '20.19.43' },
  }),
)
run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], work)
cpSync(join(root, 'ops/cdk/kinesis-producer-stack.ts'), join(work, 'kinesis-producer-stack.ts'))
write(
  'app.ts',
  `import { App } from 'aws-cdk-lib'
import { KinesisProducerStack } from './kinesis-producer-stack.js'

const app = new App()
new KinesisProducerStack(app, 'Least')
new KinesisProducerStack(app, 'All', { shards: 2, discovers: true, groupsByShard: true })
app.synth()
`,
)
write(
  'tsconfig.json',
  JSON.stringify({
    compilerOptions: {
      module: 'nodenext',
      target: 'es2022',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      types: ['node'],
    },
    files: ['app.ts'],
  }),
)
run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], work)
process.env.CDK_OUTDIR = join(work, 'out')
run(process.execPath, ['app.js'], work)

const allowed = stack => {
  const template = JSON.parse(readFileSync(join(work, `out/${stack}.template.json`), 'utf8'))
  return Object.values(template.Resources)
    .filter(({ Type }) => Type === 'AWS::IAM::Policy')
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .flatMap(({ Action }) => Action)
}
const policies = names =>
  names
    .map(name => JSON.parse(readFileSync(join(root, `ops/iam/${name}.json`), 'utf8')))
    .flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action))
    .toSorted((a, b) => a.localeCompare(b))

const expected = {
  Least: policies(['send', 'encrypted-stream']),
  All: policies(['send', 'encrypted-stream', 'discover', 'group-by-shard']),
}
for (const [stack, actions] of Object.entries(expected)) {
  const found = allowed(stack).toSorted((a, b) => a.localeCompare(b))
  if (JSON.stringify(found) !== JSON.stringify(actions)) {
    console.error(`check-infra: ${stack} allows ${found}, not ${actions}`)
    process.exitCode = 1
  }
}
rmSync(work, { recursive: true, force: true })
if (process.exitCode === undefined)
  console.log('check-infra: the CDK snippet synthesizes, and allows what ops/iam allows')
