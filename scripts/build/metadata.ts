/** The generated files in metadata/, one an agent. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { metadataXml } from '../../lib/ocf/metadata'
import { loadAgent } from './agents'
import { REPOSITORY } from './repository'

const fileOf = (name: string): string => join('metadata', `${name}.xml`)

/** The meta-data of an agent. */
export function readMetadata(name: string): string {
  return readFileSync(join(REPOSITORY, fileOf(name)), 'utf8')
}

function readCommitted(name: string): string | undefined {
  try {
    return readMetadata(name)
  } catch {
    return undefined
  }
}

/** The files, relative to the repository, that are not what the definitions say. */
export async function driftOf(names: readonly string[]): Promise<readonly string[]> {
  const drifted: string[] = []
  for (const name of names) {
    if (readCommitted(name) !== metadataXml(await loadAgent(name))) drifted.push(fileOf(name))
  }
  return drifted
}

/** Brings the files in line with the definitions; one that is right is left alone. */
export async function writeMetadata(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const xml = metadataXml(await loadAgent(name))
    if (readCommitted(name) !== xml) writeFileSync(join(REPOSITORY, fileOf(name)), xml)
  }
}
