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
/** Files of src/core that pages use, too: no zod, no Node.js, and no value from a file that is not in this list. */
const pageCore = ['format', 'pageMessage', 'run/alpha', 'run/compare', 'run/metrics', 'run/run', 'run/selection', 'run/targets', 'study/studyCells'];
const someOf = (names) => `(${names.join('|')})\\.ts$`;
const onlyPageCore = { regex: `/core/(?!protocol\\.ts$|${someOf(pageCore)})`, message: 'A webview imports types from src/core/protocol.ts, and values from the files that eslint.config.mjs lists as pageCore.' };
const noZod = no(['zod'], 'Pages use this file and do without zod; put the schema where the data crosses the boundary.', { allowTypeImports: true });
const noNodeInPageCore = no(['node:*'], 'Pages use this file, and they have no Node.js.');
const pageCoreOnly = {
  regex: `^\\.{1,2}/(?!(.*/)?${someOf(pageCore.map((name) => name.split('/').at(-1)))})`,
  message: 'Pages use this file: take types only from files of src/core that are not in pageCore (eslint.config.mjs).',
  allowTypeImports: true,
};
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
  boundaries(pageCore.map((name) => `src/core/${name}.ts`), [noVscode, noTfjs, noTrainer, noExtension, noWebview, noZod, noNodeInPageCore, pageCoreOnly]),
  boundaries(['src/trainer/**'], [noVscode, noExtension, noWebview]),
  boundaries(['src/extension/**'], [noTfjs, noTrainer, noWebview]),
  boundaries(['webview/**'], [noVscode, noTfjs, noTrainer, noExtension, onlyPageCore, protocolTypesOnly, noNode, toolkitBehindComponents]),
  boundaries(['webview/components.ts'], [noVscode, noTfjs, noTrainer, noExtension, onlyPageCore, protocolTypesOnly, noNode]),
  {
    files: ['**/*.mjs', 'test/**'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', setTimeout: 'readonly', clearTimeout: 'readonly', Buffer: 'readonly' } },
    rules: { 'no-console': 'off' },
  },
);
