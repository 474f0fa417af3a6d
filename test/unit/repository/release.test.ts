import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { parse } from 'yaml'
import { readText } from '../../support/tables.js'

const root = new URL('../../../../', import.meta.url)
const filesIn = (path: string): string[] => readdirSync(new URL(path, root))
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const object = (value: unknown): Record<string, unknown> => {
  assert.ok(isObject(value))
  return value
}

const packages = filesIn('packages')
const manifestOf = (name: string): Record<string, unknown> =>
  object(JSON.parse(readText(`packages/${name}/package.json`)))
const REPOSITORY = 'https://github.com/kinesis-producer/kinesis-producer'

describe('changesets', () => {
  it('begin with the packages they are about, as the release reads them', () => {
    const names = new Set(packages.map(name => String(manifestOf(name)['name'])))
    for (const file of filesIn('.changeset').filter(name => name.endsWith('.md'))) {
      const [, head = ''] =
        /^---\n((?:'[^']+': (?:major|minor|patch)\n)+)---\n\n\S/.exec(
          readText(`.changeset/${file}`),
        ) ?? []
      assert.notEqual(head, '', file)
      for (const [, name = ''] of head.matchAll(/^'([^']+)'/gm))
        assert.ok(names.has(name), `${file} names ${name}`)
    }
  })
})

describe('the manifests of the packages', () => {
  for (const name of packages) {
    it(`say where ${name} comes from and who pays for it`, () => {
      const manifest = manifestOf(name)
      assert.deepEqual(manifest['repository'], {
        type: 'git',
        url: `git+${REPOSITORY}.git`,
        directory: `packages/${name}`,
      })
      assert.equal(manifest['homepage'], `${REPOSITORY}/tree/main/packages/${name}#readme`)
      assert.deepEqual(manifest['bugs'], { url: `${REPOSITORY}/issues` })
      assert.match(String(object(manifest['funding'])['url']), /^https:/)
      assert.match(
        readText(`packages/${name}/README.md`),
        /Not affiliated with Amazon Web Services/,
      )
    })
  }
})

describe('workflows', () => {
  const workflows = filesIn('.github/workflows').map(
    name => [name, readText(`.github/workflows/${name}`)] as const,
  )

  it('pin each action to a commit and say which version that is', () => {
    for (const [name, text] of workflows) {
      const uses = text.split('\n').filter(line => /^\s*(?:- )?uses:/.test(line))
      for (const line of uses) assert.match(line, /uses: [\w./-]+@[0-9a-f]{40} # v\d/, name)
    }
  })

  it('have no rights but those that a job asks for, and only one that writes code', () => {
    for (const [name, text] of workflows) {
      const workflow = object(parse(text))
      const granted = object(workflow['permissions'])
      assert.ok(
        Object.entries(granted).every(([what, how]) => what === 'contents' && how === 'read'),
        name,
      )
      for (const [job, steps] of Object.entries(object(workflow['jobs']))) {
        const permissions = object(object(steps)['permissions'] ?? {})
        const writes = Object.keys(permissions).filter(what => permissions[what] === 'write')
        const runsCode = JSON.stringify(steps).includes('npm test')
        if (runsCode) assert.deepEqual(writes, [], `${name}: ${job} runs code and may write`)
      }
    }
  })
})
