/**
 * Puts static fields at the front of a JSON object's text, without a parse. At the front, because
 * readers take the last of two fields with one name: the line's own.
 */
export const enricher = (
  fields: Readonly<Record<string, unknown>>,
): ((line: string) => string) | undefined => {
  const inner = JSON.stringify(fields).slice(1, -1)
  if (inner === '') return undefined
  const open = `{${inner}`
  return line => {
    if (!line.startsWith('{')) return line
    const rest = line.slice(1)
    return /^\s*\}/.test(rest) ? open + rest : `${open},${rest}`
  }
}
