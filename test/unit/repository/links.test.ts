import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { posix } from 'node:path'
import { readText } from '../../support/tables.js'

const root = new URL('../../../../', import.meta.url)
const REPOSITORY =
  /^https:\/\/github\.com\/kinesis-producer\/kinesis-producer\/(?:blob|tree)\/main\//

const pagesIn = (folder: string): string[] =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .map(name => posix.join(folder, name.replaceAll('\\', '/')))
    .filter(name => name.endsWith('.md') && !name.includes('node_modules'))

const PACKAGES = readdirSync(new URL('packages', root)).map(name => `packages/${name}/README.md`)
const PAGES = [
  ...readdirSync(root).filter(name => name.endsWith('.md')),
  ...pagesIn('docs'),
  ...PACKAGES,
]

/** Text without what stands in code. */
const prose = (text: string): string =>
  text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, 'code')

/** The anchors that GitHub gives a page. */
const anchorsOf = (page: string): Set<string> => {
  const text = readText(page).replaceAll(/^```[\s\S]*?^```/gm, '')
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-'),
  )
  const named = [...text.matchAll(/<a id="([^"]+)"/g)].map(([, id = '']) => id)
  return new Set([...headings, ...named])
}

const linksIn = (page: string): string[] =>
  [...prose(readText(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)

describe('links', () => {
  it('of all pages lead to files and parts of them that exist', () => {
    assert.ok(PAGES.length > 30, `${PAGES.length} pages`)
    const wrong: string[] = []
    for (const page of PAGES) {
      for (const link of linksIn(page)) {
        const own = link.replace(REPOSITORY, '/')
        if (/^[a-z]+:/.test(own)) continue
        const [path = '', anchor] = own.split('#')
        const target =
          path === ''
            ? page
            : posix.normalize(
                path.startsWith('/') ? path.slice(1) : posix.join(posix.dirname(page), path),
              )
        if (!existsSync(new URL(target, root))) wrong.push(`${page}: ${link}`)
        else if (anchor && target.endsWith('.md') && !anchorsOf(target).has(anchor))
          wrong.push(`${page}: ${link} (no such part)`)
      }
    }
    assert.deepEqual(wrong, [])
  })

  it('of the packages’ READMEs lead somewhere for readers at npm as well', () => {
    for (const page of PACKAGES)
      for (const link of linksIn(page)) assert.match(link, /^(?:https:|#)/, `${page}: ${link}`)
  })

  it('answer the ten first questions from the list of guides, which the README names', () => {
    assert.ok(linksIn('README.md').includes('docs/README.md'))
    const [, table = ''] = readText('docs/README.md').split('## The first ten questions')
    const [questions = ''] = table.split('\n## ')
    assert.equal([...questions.matchAll(/^\| .*\?\s+\| \[/gm)].length, 10)
  })
})
