import { appendFileSync, writeSync } from 'node:fs'

/** Where lines go while there is no worker: standard error, nowhere, or a file. */
export type Fallback = 'stderr' | 'none' | { readonly file: string }

/** Writes a line synchronously; false if it could not be written. */
export const fallbackWriter = (fallback: Fallback): ((line: string) => boolean) => {
  if (fallback === 'none') return () => false
  const write =
    fallback === 'stderr'
      ? (line: string): void => void writeSync(2, line)
      : (line: string): void => appendFileSync(fallback.file, line)
  return line => {
    try {
      write(line)
      return true
    } catch {
      return false
    }
  }
}
