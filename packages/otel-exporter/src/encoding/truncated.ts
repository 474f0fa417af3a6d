/** Room that the mark takes, about. */
export const MARK_BYTES = 40

/** The beginning of a text that is too long, never half a character, with a mark that says so. */
export const truncated = (text: string, length: number): string => {
  const kept = beginning(text, length)
  return `${kept}… [truncated ${text.length - kept.length} characters]`
}

/** At most so many code units; a pair of surrogates is kept or left out as one. */
const beginning = (text: string, length: number): string => {
  const end = Math.max(0, length)
  return isHigh(text.charCodeAt(end - 1)) && isLow(text.charCodeAt(end))
    ? text.slice(0, end - 1)
    : text.slice(0, end)
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff
