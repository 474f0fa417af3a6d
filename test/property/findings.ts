/**
 * What was found wrong. Much is seen inside callbacks and inside the fake service, where an exception
 * would be taken for one more fault.
 */
export class Findings {
  readonly #found: string[] = []

  expect(holds: boolean, message: string | (() => string)): void {
    if (!holds && this.#found.length < 5)
      this.#found.push((typeof message === 'string' ? message : message()).replace(/x{9,}/g, 'x…'))
  }

  /** @throws {Error} something was found */
  check(): void {
    if (this.#found.length > 0) throw new Error(this.#found.join('\n'))
  }
}
