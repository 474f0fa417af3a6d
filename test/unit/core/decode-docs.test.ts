import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { format } from 'node:util'
import { readText } from '../../support/tables.js'

interface Sample {
  readonly heading: string
  readonly code: string
  /** What it is called with. */
  readonly input: string | undefined
  /** What it prints, and a line `returns` with what it returns. */
  readonly output: string
}

const samples: Sample[] = readText('docs/consumers.md')
  .split(/\n(?=#{2,3} )/)
  .flatMap(section => {
    const block = (kind: string): string | undefined =>
      new RegExp(`\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``).exec(section)?.[1]
    const code = block('js')
    if (code === undefined) return []
    const [heading = ''] = section.split('\n')
    return [{ heading, code, input: block('json'), output: block('text') ?? '' }]
  })

/** As the SDK gives it: data is bytes. */
const asSdk = (input: string): unknown =>
  JSON.parse(input, (name, value: unknown) =>
    name === 'Data' && typeof value === 'string' ? Buffer.from(value, 'base64') : value,
  )

/** What each kind of exported function is called with. */
const CALLS = new Map<string, (input: string) => unknown[]>([
  ['handler', input => [JSON.parse(input)]],
  [
    'read',
    input => {
      const output = asSdk(input)
      const answer = { EventStream: [output], ...Object(output) }
      return [{ send: (): Promise<unknown> => Promise.resolve(answer) }, 'iterator']
    },
  ],
  [
    'processRecords',
    input => {
      const checkpoint = (_: string, completed: () => void): void => completed()
      return [{ ...JSON.parse(input), checkpointer: { checkpoint } }, (): void => {}]
    },
  ],
])

describe('docs/consumers.md', () => {
  const build = fileURLToPath(new URL('../../../', import.meta.url))
  let folder: string
  before(() => {
    mkdirSync(build, { recursive: true })
    // Inside the workspace, where the packages are found.
    folder = mkdtempSync(join(build, 'consumers-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('has an example for every form', () => {
    assert.deepEqual(
      samples.map(({ heading }) => heading.replace(/^#+ /, '')),
      [
        'Lambda',
        'Lambda, one record after the other',
        'GetRecords of the AWS SDK',
        'SubscribeToShard of the AWS SDK',
        'AWS CLI',
        'EventBridge Pipes',
        'Firehose transformation',
        'Kinesis Analytics preprocessing',
        'The KCL for Node.js (`aws-kcl`, MultiLang daemon)',
        'Bytes',
        'OpenTelemetry logs',
      ],
    )
  })

  for (const [index, { heading, code, input, output }] of samples.entries()) {
    it(`is right about what the example does: ${heading}`, async () => {
      const file = join(folder, `sample${index}.mjs`)
      writeFileSync(file, code)
      if (input !== undefined) writeFileSync(join(folder, 'records.json'), input)
      const printed: string[] = []
      const { log } = console
      console.log = (...values: unknown[]): void => void printed.push(format(...values))
      try {
        const exported: Record<string, unknown> = await import(pathToFileURL(file).href)
        for (const [name, run] of Object.entries(exported)) {
          assert.ok(typeof run === 'function' && input !== undefined)
          const returned: unknown = await run(...(CALLS.get(name)?.(input) ?? []))
          if (returned !== undefined) printed.push(`returns ${JSON.stringify(returned)}`)
        }
      } finally {
        console.log = log
      }
      assert.equal(`${printed.join('\n')}\n`, output)
    })
  }
})
