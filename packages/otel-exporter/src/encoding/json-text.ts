/** Text as JSON; half a pair of surrogates is an escape then, see `wellFormed`. */
export const quoted = (text: string): string => JSON.stringify(text)

export const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64')

/**
 * JSON without halves of surrogate pairs: each is U+FFFD, as UTF-8 has it, for strict readers
 * refuse the whole line. `JSON.stringify` writes such a half as an escape, and nothing else so.
 */
export const wellFormed = (json: string): string =>
  json.includes('\\ud')
    ? json.replace(ESCAPE, (escape, half: string | undefined) =>
        half === undefined ? escape : '\ufffd',
      )
    : json

/** Every escape, one after the other: the text `\ud` may follow an escaped backslash. */
const ESCAPE = /\\(?:u(d[89a-f][\da-f]{2})|.)/gu

/** Bytes that a text takes within a JSON string. */
export const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2
export const base64Bytes = (bytes: number): number => Math.ceil(bytes / 3) * 4
