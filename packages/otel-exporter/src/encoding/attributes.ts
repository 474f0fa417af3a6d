import { objectOf } from './neutral.js'
import { inTerms, readProperty } from './values.js'

/** The entries of a Map, say; of nearly all attributes, the object itself. */
export const attributesOf = (value: object): object => {
  try {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return value
    const terms = inTerms(value)
    return terms.kind === 'map' ? objectOf(terms.entries) : value
  } catch {
    return ownProperties(value)
  }
}

/** Of a proxy, say: a copy by its keys alone; where they throw as well, that is marked later. */
const ownProperties = (value: object): object => {
  try {
    return objectOf(Object.keys(value).map(key => [key, readProperty(value, key)] as const))
  } catch {
    return value
  }
}
