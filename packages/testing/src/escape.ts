/**
 * Controls, and what changes the direction of text, breaks lines or is not seen at all; not the tab,
 * nor what joins emoji.
 */
const UNSEEN = /(?![\t\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

const NAMED: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
])

const escaped = (character: string): string => {
  const code = (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')
  return NAMED.get(character) ?? (code.length > 4 ? `\\u{${code}}` : `\\u${code}`)
}

/** Text of somebody else for a terminal: nothing in it moves the cursor, colours or hides. */
export const visible = (text: string): string => text.replaceAll(UNSEEN, escaped)
