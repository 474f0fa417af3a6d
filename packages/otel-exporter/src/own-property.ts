/** Adds a property as the object's own: a key named `__proto__` is a key like any other. */
export const setOwn = <T>(object: { [name: string]: T }, name: string, value: T): void => {
  if (name !== '__proto__') object[name] = value
  else
    Object.defineProperty(object, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
}
