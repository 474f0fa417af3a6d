const OPEN = 0x7b

/**
 * Puts static fields at the front of a JSON object's text, without a parse. At the front, because
 * readers take the last of two fields with one name: the line's own.
 */
export const enricher = (
  fields: Readonly<Record<string, unknown>>,
): ((line: string | Buffer) => string | Buffer) | undefined => {
  const inner = JSON.stringify(fields).slice(1, -1)
  if (inner === '') return undefined
  const open = `{${inner}`
  const openFor = (isEmpty: boolean): string => (isEmpty ? open : `${open},`)
  return line => {
    if (typeof line !== 'string') {
      if (line[0] !== OPEN) return line
      const rest = line.subarray(1)
      return Buffer.concat([
        Buffer.from(openFor(/^\s*\}/.test(rest.toString('latin1', 0, 64)))),
        rest,
      ])
    }
    if (!line.startsWith('{')) return line
    const rest = line.slice(1)
    return openFor(/^\s*\}/.test(rest)) + rest
  }
}
