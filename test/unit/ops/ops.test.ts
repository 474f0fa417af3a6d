import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { PRODUCER_METRICS, prometheusName } from '@kinesis-producer/core/adapter/rules'
import { parseAllDocuments, parse as parseYaml } from 'yaml'
import { readText } from '../../support/tables.js'

const root = new URL('../../../../', import.meta.url)
const filesIn = (path: string): string[] => readdirSync(new URL(path, root))
const sourcesIn = (path: string): string =>
  readdirSync(new URL(path, root), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => readText(`${path}/${name}`))
    .join('\n')

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const object = (value: unknown): Record<string, unknown> => {
  assert.ok(isObject(value))
  return value
}
const list = (value: unknown): readonly unknown[] => {
  assert.ok(Array.isArray(value))
  return value
}
const text = (value: unknown): string => {
  assert.ok(typeof value === 'string')
  return value
}
const matches = (source: string, pattern: RegExp): string[] =>
  [...source.matchAll(pattern)].map(([, found = '']) => found)
const unique = (all: readonly string[]): string[] => [...new Set(all)].toSorted()

describe('runbooks', () => {
  const rules = list(object(parseYaml(readText('ops/prometheus/alerts.rules.yml')))['groups'])
    .flatMap(group => list(object(group)['rules']))
    .map(object)
  const names = rules.map(rule => text(rule['alert']))

  it('are there for each alert, and for no other', () => {
    assert.ok(names.length >= 10)
    const pages = filesIn('docs/runbooks').filter(name => name !== 'README.md')
    assert.deepEqual(pages.toSorted(), names.map(name => `${name}.md`).toSorted())
    const listed = matches(readText('docs/runbooks/README.md'), /^\| \[\w+\]\((\w+)\.md\)/gm)
    assert.deepEqual(listed.toSorted(), names.toSorted())
  })

  it('are linked by their alerts, whose severity the list tells', () => {
    const index = readText('docs/runbooks/README.md')
    for (const rule of rules) {
      const name = text(rule['alert'])
      const { runbook_url: url } = object(rule['annotations'])
      assert.equal(
        url,
        `https://github.com/kinesis-producer/kinesis-producer/blob/main/docs/runbooks/${name}.md`,
      )
      const severity = text(object(rule['labels'])['severity'])
      assert.match(index, new RegExp(`\\(${name}\\.md\\) +\\| ${severity} `))
    }
  })

  it('say what it means, what is at stake, where to look and what to do', () => {
    for (const name of names) {
      const page = readText(`docs/runbooks/${name}.md`)
      assert.ok(page.startsWith(`# ${name}\n`))
      assert.deepEqual(matches(page, /^## (.*)$/gm), [
        'What is at stake',
        'Look at',
        'What to do',
        'When it is over',
      ])
    }
  })
})

describe('metrics in docs/operating.md', () => {
  it('are those of the table, and none that is not', () => {
    const listed = matches(readText('docs/operating.md'), /^\| `(\w+)` +\| (?:counter|gauge) /gm)
    const known = PRODUCER_METRICS.map(({ name, kind }) => prometheusName(name, kind))
    assert.deepEqual(listed.toSorted(), known.toSorted())
  })

  it('are renamed where OTLP puts the unit into the name', () => {
    const suffixes = new Map([
      ['By', '_bytes'],
      ['s', '_seconds'],
      ['1', '_ratio'],
    ])
    const expected = PRODUCER_METRICS.flatMap(({ name, kind, unit }) => {
      const suffix = suffixes.get(unit)
      return suffix === undefined
        ? []
        : [`${prometheusName(name)}${suffix}${kind === 'counter' ? '_total' : ''}`]
    })
    const rules = readText('ops/prometheus/otlp-names.rules.yml')
    const renamed = matches(rules, /expr: (kinesis_producer\w+)/g)
    assert.deepEqual(renamed.toSorted(), expected.toSorted())
  })
})

describe('permissions', () => {
  const policies = filesIn('ops/iam')
  const actionsOf = (name: string): string[] =>
    list(object(JSON.parse(readText(`ops/iam/${name}`)))['Statement'])
      .map(object)
      .flatMap(statement => {
        assert.equal(statement['Effect'], 'Allow')
        assert.match(text(statement['Resource']), /^arn:aws:\w+:/, 'names its resource')
        return list(statement['Action']).map(text)
      })

  it('are those of the calls that the packages make, and no others', () => {
    const code = sourcesIn('packages/core/src') + sourcesIn('packages/pino-transport/src')
    const calls = unique(matches(code, /new (\w+)Command\(/g)).map(name => `kinesis:${name}`)
    const sending = policies.filter(name => !name.startsWith('read'))
    const allowed = unique(sending.flatMap(actionsOf))
    assert.deepEqual(
      allowed.filter(action => action.startsWith('kinesis:')),
      calls,
    )
    assert.ok(code.includes('fromTemporaryCredentials') && allowed.includes('sts:AssumeRole'))
  })

  it('are listed on the page with their policy', () => {
    const page = readText('docs/iam.md')
    for (const name of policies) {
      const row = page.split('\n').find(line => line.includes(`(../ops/iam/${name})`))
      for (const action of actionsOf(name)) assert.ok(row?.includes(`\`${action}\``), action)
    }
  })

  it('are the same in the CDK and the Terraform snippet', () => {
    const sending = ['discover', 'encrypted-stream', 'group-by-shard', 'send'].flatMap(name =>
      actionsOf(`${name}.json`),
    )
    const cdk = readText('ops/cdk/kinesis-producer-stack.ts')
    assert.deepEqual(unique(matches(cdk, /'((?:kinesis|kms):\w+)'/g)), sending.toSorted())
    const terraform = readText('ops/terraform/main.tf')
    assert.deepEqual(unique(matches(terraform, /"((?:kinesis|kms):\w+)"/g)), sending.toSorted())
  })
})

describe('the recipes of docs/operating.md', () => {
  const page = readText('docs/operating.md')
  const block = (file: string): string => {
    const [, , code = ''] =
      new RegExp(`\`\`\`(\\w+) file=${file}\n([\\s\\S]*?)\`\`\``).exec(page) ?? []
    assert.notEqual(code, '', file)
    return code
  }

  it('are JSON and YAML', () => {
    const task = object(JSON.parse(block('ecs-task-definition.json')))
    const [container] = list(task['containerDefinitions']).map(object)
    assert.equal(list(container?.['command'])[0], 'node')
    const documents = parseAllDocuments(block('eks.yaml'))
    assert.deepEqual(
      documents.map(document => ({
        kind: document.get('kind'),
        errors: document.errors,
      })),
      [
        { kind: 'ServiceAccount', errors: [] },
        { kind: 'Deployment', errors: [] },
      ],
    )
  })
})
