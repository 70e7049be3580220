/** The checkout whose own programs `--box` runs as root: where it is, who can change it, and how it is run. */
import { existsSync, lstatSync, readdirSync, realpathSync, type Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import { isRoots } from '../../lib/system/held-directory'

export const PROGRAM = 'scripts/drill-box.ts'
export const LOADER = 'node_modules/tsx/dist/loader.mjs'
const TSCONFIG = 'tsconfig.json'

/** The checkout that this program lies in. What lies around the current directory is anybody's. */
export function findCheckout(): string | undefined {
  for (let directory = dirname(realpathSync(process.argv[1] ?? '.')); ; directory = dirname(directory)) {
    if ([PROGRAM, LOADER].every((file) => existsSync(join(directory, file)))) return directory
    if (directory === dirname(directory)) return undefined
  }
}

/**
 * What the loader gets in its environment. Without it, it obeys a tsconfig.json in the current directory or above it,
 * whose `paths` put other programs in place of ours; and it runs what it finds compiled in a directory below /tmp that it
 * does not look at the owner of.
 */
export function loaderSettings(checkout: string): Readonly<Record<string, string>> {
  return { TSX_TSCONFIG_PATH: join(checkout, TSCONFIG), TSX_DISABLE_CACHE: '1' }
}

/** What is run of a checkout, or says what is: files, and directories with all that is in them. */
const PARTS = [
  ...[TSCONFIG, 'package.json', 'package-lock.json', '.npmrc'],
  ...['agents', 'cli', 'dist', 'lib', 'metadata', 'node_modules', 'scripts', 'templates', 'test/cluster'],
]

/** A checkout with its packages has a tenth of this. */
const MOST_ENTRIES = 200_000

const WRITABLE_BY_OTHERS = 0o022

/** As `isRoots`, without its leave for sticky directories: what others add to a checkout is run, too. */
const isRootsAlone = (found: Stats): boolean =>
  found.uid === 0 && (found.isSymbolicLink() || (found.mode & WRITABLE_BY_OTHERS) === 0)

/** A directory, and those above it. */
function waysTo(path: string): readonly string[] {
  return path === dirname(path) ? [path] : [...waysTo(dirname(path)), path]
}

/** Looks at all that is run, once each. */
class Search {
  readonly #seen = new Set<string>()

  /** The first part of a way that is not root's word. Packages are looked for in all directories of the way. */
  foreignOnWay(directory: string): string | undefined {
    return waysTo(directory)
      .flatMap((path) => [path, join(path, 'node_modules')])
      .find((path) => {
        const found = lstatSync(path, { throwIfNoEntry: false })
        return found !== undefined && !isRoots(found)
      })
  }

  /** A file, or a directory with all that is in it; where a link leads, too. */
  foreignIn(path: string): string | undefined {
    if (this.#seen.has(path)) return undefined
    this.#seen.add(path)
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found === undefined) return undefined
    if (!isRootsAlone(found) || this.#seen.size > MOST_ENTRIES) return path
    if (found.isSymbolicLink()) return this.#foreignBehind(path)
    if (!found.isDirectory()) return undefined
    for (const name of readdirSync(path)) {
      const foreign = this.foreignIn(join(path, name))
      if (foreign !== undefined) return foreign
    }
    return undefined
  }

  #foreignBehind(link: string): string | undefined {
    if (!existsSync(link)) return undefined
    const target = realpathSync(link)
    return this.foreignOnWay(dirname(target)) ?? this.foreignIn(target)
  }
}

/**
 * What of a checkout others than root may change, which root is about to run.
 *
 * @returns a path; nothing when only root can change it
 */
export function foreignPart(checkout: string): string | undefined {
  const top = realpathSync(checkout)
  const search = new Search()
  const foreign = search.foreignOnWay(top)
  if (foreign !== undefined) return foreign
  if (!isRootsAlone(lstatSync(top))) return top
  for (const part of PARTS) {
    let path = top
    for (const name of dirname(part).split('/')) {
      path = join(path, name)
      const found = lstatSync(path, { throwIfNoEntry: false })
      if (found !== undefined && !isRootsAlone(found)) return path
    }
    const inside = search.foreignIn(join(top, part))
    if (inside !== undefined) return inside
  }
  return undefined
}
