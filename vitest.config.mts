import { defineConfig } from 'vitest/config';

export default defineConfig({
  // One copy of tfjs for everything: Node would load its CommonJS build beside the ES modules that hold the gradients.
  resolve: { alias: [{ find: /^(@tensorflow\/tfjs-[a-z-]+)$/, replacement: '$1/dist/index.js' }] },
  test: {
    include: ['test/{core,trainer,webview,extension}/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    server: { deps: { inline: [/@tensorflow/] } },
    experimental: { fsModuleCache: true },
  },
});
