import eslint from '@eslint/js';
import prettier from 'eslint-config-prettier';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  { ignores: ['dist', 'build', 'node_modules', 'public', 'coverage'] },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers and booleans in messages are wanted; objects never are.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  // Plain JavaScript, outside the TypeScript project: the linter's own settings, and what tests start as processes of their own.
  { files: ['eslint.config.js', 'test/**/*.mjs', 'examples/**/*.{js,mjs}'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['examples/hosts/**/*.js'],
    languageOptions: { globals: { Buffer: false, console: false, process: false, URL: false } },
  },
  {
    files: ['examples/hosts/{express-4,node-red,verdaccio}/*.js'],
    languageOptions: { sourceType: 'commonjs', globals: { __dirname: false } },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['examples/hosts/verdaccio/menu.js'],
    languageOptions: {
      sourceType: 'script',
      globals: { document: false, fetch: false, localStorage: false, setInterval: false },
    },
  },
  prettier,
);
