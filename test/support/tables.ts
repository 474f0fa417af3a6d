import { readFileSync } from 'node:fs'

/** A file of the repository. */
export const readText = (path: string): string =>
  readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

/** The rows of tables below a heading, as far as the next heading, without head and rule. */
export const rowsOf = (text: string, heading: string): string[][] => {
  const [, after = ''] = text.split(`\n${heading}\n`)
  const [section = ''] = after.split(/\n#/)
  return section
    .split('\n')
    .filter(line => line.startsWith('| `') || line.startsWith('| HTTP'))
    .map(line => line.split('|').slice(1, -1))
}

/** What a cell has in backticks. */
export const codesIn = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
