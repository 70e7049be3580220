import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('.', import.meta.url))

/** What the nodes of clusters run, as test/systems/index.ts says: without a word, what this machine does. */
const SYSTEM =
  process.env['OCF_TS_SYSTEM'] || (runs('ID="?debian"?', 'VERSION_ID="?13"?') ? 'debian13' : 'debian12')

/** @param {...string} lines */
function runs(...lines) {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  return lines.every((line) => new RegExp(`^${line}$`, 'm').test(release))
}

/**
 * `without`: only the tests that may run beside others; `only`: those that may not. A file of the latter names itself in
 * its first comment, with the reason: `@alone it measures outages of a second`.
 */
const ALONE = process.env['OCF_TS_ALONE'] ?? ''

/**
 * What a file says of itself in its first comment; nothing where it does not.
 *
 * @param {string} file
 * @param {string} tag
 */
function says(file, tag) {
  return new RegExp(`^ \\* @${tag} (.*)$`, 'm').exec(readFileSync(join(repository, file), 'utf8'))?.[1]
}

/**
 * The tests of these directories that this run is to take.
 *
 * @param {...string} directories
 */
function testsOf(...directories) {
  return directories
    .flatMap((directory) => readdirSync(join(repository, directory)).map((name) => join(directory, name)))
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => ALONE === '' || (says(file, 'alone') !== undefined) === (ALONE === 'only'))
}

/**
 * Those of them that run on that system. A file names its systems in its first comment (`@systems debian12 debian13`);
 * one that names none runs on Debian 12.
 *
 * @param {...string} directories
 */
function onSystem(...directories) {
  return testsOf(...directories).filter((file) =>
    (says(file, 'systems') ?? 'debian12').split(/\s+/).includes(SYSTEM),
  )
}

/** @param {readonly string[]} files */
const match = (files) => (files.length > 0 ? files.map((file) => `<rootDir>/${file}`) : ['<rootDir>/none'])

/**
 * Six projects: `unit` needs nothing, `model` needs nothing but a minute (MODEL_SECONDS), `root` needs root and
 * namespaces, `security` needs root and tries to gain more than it was given, `cluster` and `tool` bring up real clusters:
 * the agents' and the operator's tool's.
 */
const common = {
  testEnvironment: 'node',
  transform: { '\\.(ts|js|mjs)$': '<rootDir>/test/transform.mjs' },
  // execa and what it is made of ship as ES modules only.
  transformIgnorePatterns: [
    '/node_modules/(?!(execa|@sindresorhus|@sec-ant|figures|get-stream|human-signals|is-plain-obj|is-stream|is-unicode-supported|npm-run-path|parse-ms|path-key|pretty-ms|strip-final-newline|unicorn-magic|yoctocolors)/)',
  ],
}

export default {
  testSequencer: '<rootDir>/test/sequencer.mjs',
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    { ...common, displayName: 'model', testMatch: ['<rootDir>/test/model/*.test.ts'] },
    { ...common, displayName: 'root', testMatch: match(testsOf('test/root')) },
    { ...common, displayName: 'security', testMatch: match(testsOf('test/security')) },
    {
      ...common,
      displayName: 'cluster',
      testMatch: match(onSystem('test/cluster', 'test/cluster/lab')),
    },
    {
      ...common,
      displayName: 'tool',
      testMatch: match(onSystem('test/cluster/cli', 'test/cluster/readme')),
    },
  ],
}
