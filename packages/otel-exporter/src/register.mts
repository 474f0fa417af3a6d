export type { Provider } from './register.js'
export { loggerProvider } from './register.js'
