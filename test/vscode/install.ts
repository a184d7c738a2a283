/**
 * Gets what the VS Code tests need: code-server (a complete build of VS Code in an npm package) in
 * `.cache/code-server-<version>`, and a Chromium. Does nothing where both are there already.
 * By hand: `node test/vscode/install.ts`.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { cacheDir, node24 } from './paths.ts';

export const codeServerVersion = '4.139.1';
export const codeServerDir = join(cacheDir, `code-server-${codeServerVersion}`);
const packageDir = (dir: string): string => join(dir, 'node_modules/code-server');
const stampFile = (dir: string): string => join(dir, 'installed.json');

/** The script that starts code-server. */
export const codeServerEntry = join(packageDir(codeServerDir), 'out/node/entry.js');

/** Finds `name` on the PATH. */
function onPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs one command quietly; prints its name and time, and its last lines if it fails. */
function step(label: string, command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = process.env): void {
  process.stdout.write(`  ${label} ... `);
  const start = Date.now();
  const done = spawnSync(command, args, { cwd, env, encoding: 'utf8', maxBuffer: 256 << 20 });
  const seconds = ((Date.now() - start) / 1000).toFixed(0);
  if (done.status === 0) return void process.stdout.write(`${seconds} s\n`);
  process.stdout.write(`failed after ${seconds} s\n`);
  const output = `${done.stdout ?? ''}${done.stderr ?? ''}`.trim().split('\n').slice(-40).join('\n');
  const reason = done.error?.message ?? (done.signal ? `ended by ${done.signal}` : `exit code ${done.status}`);
  throw new Error(`${command} ${args.join(' ')} (in ${cwd}): ${reason}\n${output}`);
}

function checkBuildTools(): void {
  const missing = [['python3'], ['make'], ['g++', 'c++', 'clang++']].filter((names) => !names.some(onPath));
  if (missing.length === 0) return;
  const names = missing.map((list) => list[0]).join(', ');
  throw new Error(
    `code-server's native modules are compiled here, and that needs ${names}, not found on the PATH. ` +
      'On Debian or Ubuntu: sudo apt-get install python3 make g++; on macOS: xcode-select --install.',
  );
}

/** npm under Node 24, with that Node's own headers, so that node-gyp downloads none. */
function npmEnvironment(): NodeJS.ProcessEnv {
  const bin = dirname(node24());
  // What an outer `npm run` says about its own script is not meant for this npm; its configuration is.
  const kept = Object.entries(process.env).filter(([key]) => !/^npm_(lifecycle|package)_/i.test(key));
  const path = `${bin}${delimiter}${process.env['PATH']}`;
  const env: NodeJS.ProcessEnv = { ...Object.fromEntries(kept), PATH: path };
  const probe = spawnSync(node24(), ['-p', 'process.execPath'], { encoding: 'utf8' });
  const headers = [resolve(dirname(probe.stdout.trim()), '..'), ...npmPrefixes()];
  const nodedir = headers.find((folder) => existsSync(join(folder, 'include/node/node_api.h')));
  if (nodedir) env['npm_config_nodedir'] = nodedir;
  return env;
}

/** Where the npm package `node` keeps the real Node of this platform (its `bin/node` may be a copy without headers). */
function npmPrefixes(): string[] {
  const name = `node-${process.platform}-${process.arch}`;
  const node = dirname(dirname(node24()));
  return [join(node, 'node_modules', name), join(dirname(node), name)];
}

/** Installs code-server unless this version is there; returns its folder. */
export function installCodeServer(): string {
  if (existsSync(stampFile(codeServerDir))) return codeServerDir;
  checkBuildTools();
  console.log(`Installing code-server ${codeServerVersion}, a complete VS Code, once (about a minute), into`);
  console.log(`${codeServerDir}:`);
  mkdirSync(cacheDir, { recursive: true });
  // Built beside its final place and renamed at the end: an install that was cut off never looks like a finished one.
  const work = `${codeServerDir}.${process.pid}`;
  mkdirSync(work);
  try {
    const env = npmEnvironment();
    const npm = (label: string, cwd: string, ...args: string[]): void =>
      step(label, 'npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], cwd, env);
    writeFileSync(join(work, 'package.json'), JSON.stringify({ name: 'code-server-cache', private: true }));
    npm('download code-server', work, 'install', `code-server@${codeServerVersion}`, '--ignore-scripts');
    const vscode = join(packageDir(work), 'lib/vscode');
    npm('download the modules of VS Code', vscode, 'install', '--omit=dev', '--ignore-scripts');
    npm(
      'compile the native modules of VS Code', vscode,
      'rebuild', '@vscode/spdlog', '@vscode/native-watchdog', '@parcel/watcher', 'node-pty',
    );
    npm('compile argon2', work, 'rebuild', 'argon2');
    step('try it', node24(), [join(packageDir(work), 'out/node/entry.js'), '--version'], work);
    writeFileSync(stampFile(work), JSON.stringify({ version: codeServerVersion, at: new Date().toISOString() }));
    if (!existsSync(stampFile(codeServerDir))) {
      rmSync(codeServerDir, { recursive: true, force: true });
      renameSync(work, codeServerDir);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return codeServerDir;
}

const browserNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const browserPlaces = [
  ...browserNames.map((name) => `/usr/bin/${name}`),
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The browser that `UDI_BROWSER` names, else the first Chromium or Chrome of this machine. */
export function findBrowser(): string | undefined {
  const named = process.env['UDI_BROWSER'];
  if (named && !isExecutable(named)) throw new Error(`UDI_BROWSER names ${named}, which is not an executable file.`);
  return named || browserPlaces.find(isExecutable) || browserNames.map(onPath).find(Boolean);
}

/** A browser's path; as root on Debian or Ubuntu it is installed if there is none. */
export function installBrowser(): string {
  const found = findBrowser();
  if (found) return found;
  const system = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const debian = /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(system) && onPath('apt-get') !== undefined;
  if (!debian || process.getuid?.() !== 0) {
    const how = debian ? 'Install one with: sudo apt-get install chromium' : 'Install Chromium or Google Chrome';
    throw new Error(`The VS Code tests need Chromium or Chrome. ${how}, or set UDI_BROWSER to its path.`);
  }
  console.log('Installing Debian\'s chromium, once:');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  step('apt-get update', 'apt-get', ['update'], '/', env);
  step('apt-get install chromium', 'apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], '/', env);
  const installed = findBrowser();
  if (installed) return installed;
  throw new Error('apt-get installed chromium, but no executable is at ' + browserPlaces.join(', '));
}

if (process.argv[1] === import.meta.filename) {
  try {
    console.log(`code-server: ${installCodeServer()}`);
    console.log(`browser: ${installBrowser()}`);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
