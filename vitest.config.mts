import { defineConfig } from 'vitest/config';

export default defineConfig({
  // One copy of tfjs for everything: Node would load its CommonJS build beside the ES modules that hold the gradients.
  resolve: { alias: [{ find: /^(@tensorflow\/tfjs-[a-z-]+)$/, replacement: '$1/dist/index.js' }] },
  test: {
    include: ['test/*.test.ts', 'test/{core,trainer,webview,extension}/**/*.test.ts'],
    // Only a test that hangs ever takes so long; beside other load the slow ones take minutes.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    pool: 'forks',
    maxWorkers: 2,
    server: { deps: { inline: [/@tensorflow/] } },
    experimental: { fsModuleCache: true },
  },
});
