/** A timeout as a program may give it, and what it means. */
export interface OddTimeout {
  readonly name: string
  readonly value: unknown
  /** Milliseconds of a question; undefined: the default. */
  readonly asked: number | undefined
  /** Milliseconds of an option; undefined: the default. */
  readonly option: number | 'refused' | undefined
}

const odd = (
  name: string,
  value: unknown,
  asked: OddTimeout['asked'],
  option: OddTimeout['option'],
): OddTimeout => ({ name, value, asked, option })

const FOR_EVER = Number.POSITIVE_INFINITY

/** A question takes what is no number for the default, and is never shorter than a millisecond. */
export const ODD_TIMEOUTS: readonly OddTimeout[] = [
  odd('0', 0, 1, 0),
  odd('-0', -0, 1, 0),
  odd('-1', -1, 1, 'refused'),
  odd('-Infinity', -FOR_EVER, 1, 'refused'),
  odd('0.5', 0.5, 1, 1),
  odd('NaN', Number.NaN, undefined, 'refused'),
  odd('Infinity', FOR_EVER, FOR_EVER, FOR_EVER),
  odd('2**31', 2 ** 31, 2 ** 31, 2 ** 31),
  odd('2**53', 2 ** 53, 2 ** 53, 2 ** 53),
  odd('the text 5', '5', undefined, 'refused'),
  odd('null', null, undefined, undefined),
  odd('undefined', undefined, undefined, undefined),
  odd('an object', {}, undefined, 'refused'),
]
