import { resolve } from 'node:path'

/** The root of the repository. */
export const REPOSITORY = resolve(__dirname, '../..')
