/**
 * `npm run vscode [folder] [--port N] [--theme dark]`: opens the real VS Code of the tests on `examples/` (or a folder)
 * with the packaged extension, prints the address and keeps running until Ctrl-C. Settings and layout are kept in
 * `.cache/vscode-data`; runs started there train on when it ends.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheDir, examplesDir, vsixFile } from './paths.ts';
import { errorText } from './report.ts';
import { startServer, themeNames, type Theme } from './server.ts';

function isTheme(name: string): name is Theme {
  return name in themeNames;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { port: { type: 'string' }, theme: { type: 'string', default: 'dark' }, vsix: { type: 'string' } },
  });
  const folder = resolve(positionals[0] ?? examplesDir);
  if (!existsSync(folder)) throw new Error(`There is no folder ${folder}`);
  if (!isTheme(values.theme)) throw new Error(`--theme is one of ${Object.keys(themeNames).join(', ')}`);
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !Number.isInteger(port)) throw new Error(`--port wants a number, not ${values.port}`);
  const server = await startServer({
    theme: values.theme,
    vsix: [values.vsix ?? vsixFile],
    dataDir: join(cacheDir, 'vscode-data'),
    env: { HOME: process.env['HOME'] },
    ...(port === undefined ? {} : { port }),
  });
  console.log(`VS Code with UDI Lab: ${server.url}/?folder=${encodeURIComponent(folder)}`);
  console.log('Open it in a browser on this machine; press F1 and type "UDI: Train". Ctrl-C ends it.');
  await new Promise<void>((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
  await server.stop();
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(errorText(error));
    process.exit(1);
  },
);
