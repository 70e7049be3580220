import { type Values } from './agent'
import { trimSlashes } from './parameters'

/** The data directory, for what must do without knowing anything else. */
export function dataDirectoryOf({ pgdata }: Pick<Values, 'pgdata'>): string {
  return trimSlashes(pgdata)
}
