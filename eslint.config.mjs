import { fileURLToPath } from 'node:url'
import prettier from 'eslint-config-prettier'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

export default defineConfig(
  globalIgnores(['dist/', 'node_modules/', 'coverage/']),
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.mjs', 'jest.config.js', 'test/transform.mjs'] },
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
    files: ['agents/**', 'lib/**', 'cli/**', 'scripts/**'],
    ignores: ['lib/postgres/open-session.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          name: 'pg',
          message: 'Open sessions with lib/postgres/open-session.ts, which sets what they start with.',
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "ImportExpression[source.value='pg']",
          message: 'Open sessions with lib/postgres/open-session.ts, which sets what they start with.',
        },
      ],
    },
  },
  prettier,
)
