// The transport that pino-abstract-transport makes by default, which parses each line; or the same
// without the parse. Neither sends anything.
import type { Transform } from 'node:stream'
import build from 'pino-abstract-transport'

const UNPARSED = Object.freeze({})

export default ({ raw = false }: { raw?: boolean }): Transform => {
  const read = (source: Transform): void => void source.on('data', () => {})
  return raw
    ? build(read, { parse: 'lines', parseLine: () => UNPARSED, metadata: false })
    : build(read)
}
