import { fileURLToPath } from 'node:url'
import prettier from 'eslint-config-prettier'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** Text that leaves by any other way than lib/ocf/output.ts could steer a terminal, or hold a password. */
const THE_ONE_WAY = 'Print with lib/ocf/output.ts (in the tool: Terminal, Progress, ask.ts); see SECURITY.md.'

/** What draws on a terminal by itself, and so must be given texts that were made printable. */
const DRAWS = [
  '@inquirer/confirm',
  '@inquirer/input',
  '@inquirer/select',
  'cli-progress',
  'picocolors',
  'yocto-spinner',
]

/** What another user of the database has put into a session's way counts in one that is opened otherwise. */
const OPENED_SO = 'Open sessions with lib/postgres/open-session.ts, which sets what they start with.'
const DRIVER = { name: 'pg', message: OPENED_SO }
const DRIVER_LATER = { selector: "ImportExpression[source.value='pg']", message: OPENED_SO }

/** What is done to files in another way than by what these functions give is done as root, where a helper works. */
const AS_THE_ACCOUNT = 'Use the files that are given (lib/system/files.ts): they work as the account.'
const NOT_AS_ROOT = {
  selector:
    'CallExpression[callee.name=/^(asUser|connectAs|reach|withDirectory|withParent|withWay|workIn)$/] CallExpression[callee.name=/Sync$/]',
  message: AS_THE_ACCOUNT,
}
const FILE_SYSTEM = { name: 'node:fs', allowImportNames: ['constants'], message: AS_THE_ACCOUNT }

export default defineConfig(
  globalIgnores(['dist/', 'node_modules/', 'coverage/']),
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.mjs', 'test/*.mjs'] },
        tsconfigRootDir: fileURLToPath(new URL('.', import.meta.url)),
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      'no-console': 'off',
    },
  },
  {
    files: ['agents/**/*.ts', 'lib/**/*.ts', 'cli/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        ...['stdout', 'stderr'].map((property) => ({ object: 'process', property, message: THE_ONE_WAY })),
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            DRIVER,
            ...DRAWS.map((name) => ({ name, message: THE_ONE_WAY })),
            { name: 'node:process', message: 'Use the global, whose streams the linter knows.' },
            { name: 'node:tty', message: THE_ONE_WAY },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        DRIVER_LATER,
        NOT_AS_ROOT,
        {
          selector:
            'ImportExpression[source.value=/^(@inquirer\\u002f|cli-progress|picocolors|yocto-spinner)/]',
          message: THE_ONE_WAY,
        },
        {
          selector:
            'CallExpression[callee.name=/^(writeSync|writeFileSync|appendFileSync)$/][arguments.0.value=/^[12]$/]',
          message: THE_ONE_WAY,
        },
        { selector: 'Literal[value=/^\\u002fdev\\u002f(stdout|stderr|tty|console)$/]', message: THE_ONE_WAY },
        { selector: "Property[key.name='stdio'] Literal[value='inherit']", message: THE_ONE_WAY },
        { selector: "CallExpression[callee.name='rawStream']", message: THE_ONE_WAY },
        // A colour that does not come from lib/ocf/styles.ts would be shown as an escape.
        {
          selector: 'Literal[value=/\\u001b/], TemplateElement[value.raw=/\\u001b|\\\\x1b/]',
          message: THE_ONE_WAY,
        },
      ],
    },
  },
  {
    // The one way itself, and what is told of it: libraries that draw are given texts made with shownLine.
    files: ['lib/ocf/{output,printable,styles}.ts', 'cli/{terminal,progress,ask}.ts', 'cli/clone/bar.ts'],
    rules: {
      'no-restricted-properties': 'off',
      'no-restricted-imports': ['error', DRIVER],
      'no-restricted-syntax': ['error', DRIVER_LATER],
    },
  },
  {
    // Their functions are given the files of an account.
    files: [
      'lib/system/{owned-directories,regular-file}.ts',
      'lib/postgres/{config-file,disk-trouble,own-files}.ts',
      'cli/doctor/own/private-file.ts',
    ],
    rules: { 'no-restricted-imports': ['error', { paths: [DRIVER, FILE_SYSTEM] }] },
  },
  {
    files: ['lib/postgres/{open-session,guard-client}.ts'],
    rules: { 'no-restricted-imports': 'off', 'no-restricted-syntax': 'off' },
  },
  {
    files: ['scripts/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', DRIVER],
      'no-restricted-syntax': ['error', DRIVER_LATER],
    },
  },
  prettier,
)
