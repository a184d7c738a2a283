import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Refuses imports that would break the one-way layout of ARCHITECTURE.md. */
const boundaries = (files, patterns) => ({
  files,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
});
const no = (group, message, extra = {}) => ({ group, message, ...extra });
const noVscode = no(['vscode'], 'Only src/extension may use the VS Code API; pass what you need as an argument.');
const noTfjs = no(['@tensorflow/*'], 'Only src/trainer computes with tensors; send an event or a message instead.');
const noTrainer = no(['**/trainer/**'], 'Nothing outside the trainer process imports it; what others need to know of it is in dist/catalog.json or src/core.');
const noExtension = no(['**/extension/**'], 'The extension host is the top layer; move shared code to src/core.');
const noWebview = no(['**/webview/**'], 'Webview code runs in the page only; move shared types to src/core/protocol.ts.');
const coreIsTypesOnly = no(['**/core/**', '!**/core/protocol.ts'], 'A webview imports types from src/core/protocol.ts and nothing else.');
const protocolTypesOnly = no(['**/core/protocol.ts'], 'Use `import type` for src/core/protocol.ts in a webview.', { allowTypeImports: true });
const noNode = no(['node:*'], 'A webview has no Node.js.');
const toolkitBehindComponents = no(['@vscode/webview-ui-toolkit*'], 'Use webview/components.ts, the one place that knows the component library.');

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.cache/', '.vscode-test/', 'test-results/', '**/.udi/'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 420 }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  boundaries(['src/core/**'], [noVscode, noTfjs, noTrainer, noExtension, noWebview]),
  boundaries(['src/trainer/**'], [noVscode, noExtension, noWebview]),
  boundaries(['src/extension/**'], [noTfjs, noTrainer, noWebview]),
  boundaries(['webview/**'], [noVscode, noTfjs, noTrainer, noExtension, coreIsTypesOnly, protocolTypesOnly, noNode, toolkitBehindComponents]),
  boundaries(['webview/components.ts'], [noVscode, noTfjs, noTrainer, noExtension, coreIsTypesOnly, protocolTypesOnly, noNode]),
  {
    files: ['**/*.mjs', 'test/**'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', setTimeout: 'readonly', clearTimeout: 'readonly', Buffer: 'readonly' } },
    rules: { 'no-console': 'off' },
  },
);
