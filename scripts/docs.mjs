// The documentation as a site: the guides of docs/, the READMEs and, from the sources, the API of
// every entry, as static pages in `site/`. Fails where a link leads nowhere.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { filesIn } from './files.mjs'
import { root, run } from './packed.mjs'

const REPOSITORY = 'https://github.com/kinesis-producer/kinesis-producer'
const site = join(root, 'site')
// TypeDoc wants TypeScript 6, while this project is built by 7: it is installed apart.
const cache = join(root, 'node_modules/.cache/typedoc')
const PINNED = { typedoc: '0.28.20', typescript: '6.0.3' }
const manifest = JSON.stringify({ private: true, dependencies: PINNED })
if (
  !existsSync(join(cache, 'node_modules')) ||
  readFileSync(join(cache, 'package.json'), 'utf8') !== manifest
) {
  mkdirSync(cache, { recursive: true })
  writeFileSync(join(cache, 'package.json'), manifest)
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], cache)
}
const typedoc = createRequire(join(cache, 'package.json')).resolve('typedoc')
const { Application } = await import(pathToFileURL(typedoc).href)

const problems = []
const common = {
  // The sources are checked by the build.
  skipErrorChecking: true,
  logLevel: 'Warn',
  excludeInternal: true,
  excludePrivate: true,
  disableGit: true,
}

/** The sources of the entries that users can import. */
const entriesOf = name => {
  const { publishConfig } = JSON.parse(
    readFileSync(join(root, `packages/${name}/package.json`), 'utf8'),
  )
  return Object.values(publishConfig.exports)
    .filter(target => typeof target !== 'string' && target.default.types !== undefined)
    .map(target => target.default.types)
    .filter(types => !types.includes('/adapter/'))
    .map(types =>
      join(root, `packages/${name}`, types.replace('./dist/', 'src/').replace('.d.ts', '.ts')),
    )
}

const parts = []
for (const name of readdirSync(join(root, 'packages')).toSorted()) {
  const folder = join(root, 'packages', name)
  const app = await Application.bootstrap({
    ...common,
    name: `@kinesis-producer/${name}`,
    sourceLinkTemplate: `${REPOSITORY}/blob/main/packages/${name}/src/{path}#L{line}`,
    basePath: join(folder, 'src'),
    entryPoints: entriesOf(name),
    tsconfig: join(folder, 'tsconfig.json'),
    readme: join(folder, 'README.md'),
    validation: { notExported: false, invalidLink: true, invalidPath: false },
  })
  const project = await app.convert()
  if (project === undefined) throw new Error(`TypeDoc cannot read ${name}`)
  app.validate(project)
  const file = join(cache, `${name}.json`)
  await app.generateJson(project, file)
  parts.push(file)
}
rmSync(site, { recursive: true, force: true })
const app = await Application.bootstrap({
  ...common,
  name: 'kinesis-producer',
  entryPointStrategy: 'merge',
  entryPoints: parts,
  readme: join(root, 'README.md'),
  projectDocuments: [join(root, 'docs/*.md'), join(root, 'docs/runbooks/*.md')],
  navigationLinks: { GitHub: REPOSITORY },
  hideGenerator: true,
  searchInDocuments: true,
  validation: { notExported: false, invalidLink: true, invalidPath: false },
})
const project = await app.convert()
await app.generateDocs(project, site)

/** Where a page of the repository is on the site. */
const pages = new Map()
for (const file of filesIn(join(root, 'docs'), '.md')) {
  const name = file.endsWith('/README.md')
    ? undefined
    : `documents/${file.split('/').at(-1).replace('.md', '.html')}`
  if (name !== undefined && existsSync(join(site, name)))
    pages.set(relative(root, file).replaceAll('\\', '/'), name)
}
for (const name of readdirSync(join(root, 'packages'))) {
  const page = `modules/_kinesis-producer_${name}.html`
  if (existsSync(join(site, page))) pages.set(`packages/${name}/README.md`, page)
}
const html = filesIn(site, '.html')
const texts = new Map(html.map(file => [resolve(file), readFileSync(file, 'utf8')]))
for (const [file, text] of texts) {
  const rewritten = text.replaceAll(
    new RegExp(`href="${REPOSITORY}/(?:blob|tree)/main/([^"#]+)(#[^"]*)?"`, 'g'),
    (whole, path, anchor = '') => {
      const page = pages.get(path) ?? pages.get(`${path}/README.md`)
      return page === undefined
        ? whole
        : `href="${relative(dirname(file), join(site, page))}${anchor}"`
    },
  )
  texts.set(file, rewritten)
  writeFileSync(file, rewritten)
}

let links = 0
for (const [file, text] of texts) {
  for (const [, href] of text.matchAll(/ href="([^"]+)"/g)) {
    if (/^[a-z]+:/.test(href) && !href.startsWith(REPOSITORY)) continue
    links++
    if (href.startsWith(REPOSITORY)) {
      const path = /\/(?:blob|tree)\/main\/([^#]+)/.exec(href)?.[1]
      if (path !== undefined && !existsSync(join(root, decodeURI(path))))
        problems.push(`${relative(site, file)}: nothing at ${href}`)
      continue
    }
    const [path, anchor] = href.split('#')
    const target = path === '' ? file : resolve(dirname(file), decodeURI(path))
    if (!existsSync(target)) problems.push(`${relative(site, file)}: nothing at ${href}`)
    else if (anchor && texts.has(target) && !texts.get(target).includes(`id="${anchor}"`))
      problems.push(`${relative(site, file)}: no part ${href}`)
  }
}
for (const problem of problems) console.error(`docs: ${problem}`)
console.log(`docs: ${html.length} pages, ${links} links, ${problems.length} of them wrong`)
process.exitCode = problems.length === 0 ? 0 : 1
