/**
 * Gets what the tests need beside npm packages: a Chromium, and code-server (a complete build of VS Code in an npm package)
 * in `.cache/code-server-<version>`. Does nothing where both are there already. By hand: `node test/vscode/install.ts`.
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

/** Something of the system that the tests need. */
interface Need {
  readonly name: string;
  /** Debian's package that brings it. */
  readonly package: string;
  readonly found: () => boolean;
}

const browserNeed: Need = { name: 'Chromium or Chrome', package: 'chromium', found: () => findBrowser() !== undefined };
/** code-server's native modules are compiled here, once. */
const compilerNeeds: readonly Need[] = [
  { name: 'Python 3', package: 'python3', found: () => onPath('python3') !== undefined },
  { name: 'make', package: 'make', found: () => onPath('make') !== undefined },
  { name: 'a C++ compiler', package: 'g++', found: () => ['g++', 'c++', 'clang++'].some(onPath) },
];

/**
 * Installs all that can be installed: as root on Debian or Ubuntu also packages of the system. Returns why the tests in a
 * VS Code (or, without `browser`, only the VS Code) cannot run here, with what to do about it; undefined if they can.
 * @throws Error if an installation fails
 */
export function prepare({ browser = true } = {}): string | undefined {
  const needs = [...(browser ? [browserNeed] : []), ...(hasCodeServer() ? [] : compilerNeeds)];
  const absent = needs.filter(({ found }) => !found());
  if (absent.length > 0 && isDebian() && process.getuid?.() === 0) installPackages(absent.map((need) => need.package));
  const missing = needs.filter(({ found }) => !found());
  if (missing.length === 0) {
    installCodeServer();
    return undefined;
  }
  const how = isDebian() ? `sudo apt-get install ${missing.map((need) => need.package).join(' ')}` : 'install it by hand';
  const elsewhere = missing.includes(browserNeed) ? '; UDI_BROWSER names a browser elsewhere' : '';
  return `${missing.map(({ name }) => name).join(', ')} not found (to get it: ${how}${elsewhere})`;
}

function isDebian(): boolean {
  const system = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(system) && onPath('apt-get') !== undefined;
}

function installPackages(names: readonly string[]): void {
  console.log(`Installing Debian's ${names.join(', ')}, once:`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // A fresh machine may still be updating itself.
  const wait = ['-o', 'DPkg::Lock::Timeout=600'];
  step('apt-get update', 'apt-get', [...wait, 'update'], '/', env);
  step(`apt-get install ${names.join(' ')}`, 'apt-get', [...wait, 'install', '-y', '--no-install-recommends', ...names], '/', env);
}

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

function hasCodeServer(): boolean {
  return existsSync(stampFile(codeServerDir));
}

/** Installs code-server unless this version is there. */
function installCodeServer(): void {
  if (hasCodeServer()) return;
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
    if (!hasCodeServer()) {
      rmSync(codeServerDir, { recursive: true, force: true });
      renameSync(work, codeServerDir);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Makes sure that code-server and, with `browser`, a browser are there; installs what can be installed. */
export function requireVSCode(wanted: { browser?: boolean } = {}): void {
  const obstacle = prepare(wanted);
  if (obstacle !== undefined) throw new Error(`Cannot go on: ${obstacle}`);
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

/** The same, or an error that says how to get one. */
export function requireBrowser(): string {
  const found = findBrowser();
  if (found === undefined) throw new Error('There is no Chromium or Chrome. Install one, or set UDI_BROWSER to its path.');
  return found;
}

if (process.argv[1] === import.meta.filename) {
  try {
    requireVSCode();
    console.log(`code-server: ${codeServerDir}`);
    console.log(`browser: ${findBrowser()}`);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
