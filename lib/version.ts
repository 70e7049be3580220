import { version } from '../package.json'

/** The version of the package, which is the version of every agent in it. */
export const VERSION: string = version
