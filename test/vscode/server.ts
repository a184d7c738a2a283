/**
 * Starts and stops code-server: a real VS Code window server on a free port, with its own user-data folder, settings
 * and extensions, so that neither the person's VS Code nor another test run is touched.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeServerEntry, requireVSCode } from './install.ts';
import { node24 } from './paths.ts';

export type Theme = 'light' | 'dark' | 'hc-dark' | 'hc-light';
export type Settings = Record<string, unknown>;

export const themeNames: Record<Theme, string> = {
  light: 'Light Modern',
  dark: 'Dark Modern',
  'hc-dark': 'Default High Contrast',
  'hc-light': 'Default High Contrast Light',
};

/** Settings that keep a test window quiet: no welcome page, hints, updates, AI, or dialogs of the system. */
const quiet: Settings = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'files.simpleDialog.enable': true,
  'git.enabled': false,
  'security.workspace.trust.banner': 'never',
  'security.workspace.trust.startupPrompt': 'never',
  'telemetry.telemetryLevel': 'off',
  'update.showReleaseNotes': false,
  'window.autoDetectColorScheme': false,
  'window.autoDetectHighContrast': false,
  'window.commandCenter': false,
  'workbench.layoutControl.enabled': false,
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
};

export interface ServerOptions {
  /** Colour theme at the start; `setSettings` or `setTheme` of browser.ts changes it later. Default: light. */
  theme?: Theme;
  /** Added to, or overriding, the settings that keep the window quiet. */
  settings?: Settings;
  /** false: folders open in Restricted Mode (the test may then trust them). Default: true, everything is trusted. */
  trusted?: boolean;
  /** A folder of installed extensions to use; several servers may share one. Default: an own, empty one. */
  extensionsDir?: string;
  /** Packaged extensions (`.vsix`) to install before the start. */
  vsix?: readonly string[];
  /** Added to the environment of the server, and so of the extension host and of what that spawns. */
  env?: NodeJS.ProcessEnv;
  /** Seconds after which the extension host of a window that vanished without a word ends. VS Code's own: 3 hours. */
  graceSeconds?: number;
  /** Default: a free port. */
  port?: number;
  /** A user-data folder to keep. Default: a temporary one, deleted by `stop`. */
  dataDir?: string;
}

export interface CodeServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  readonly extensionsDir: string;
  /** All that the server printed so far. */
  output(): string;
  /** The logs that VS Code wrote, by file name relative to its log folder (extension host, output channels, ...). */
  logs(): Map<string, string>;
  /** How many extension hosts (one for each window that was opened or reloaded) have begun to activate an extension. */
  activations(extension: string): number;
  /** Changes settings at run time (all but those of scope `application`); `undefined` takes a change back. */
  setSettings(changes: Settings): void;
  /** Ends the server and its extension hosts; what an extension spawned detached lives on. */
  stop(): Promise<void>;
}

/** The environment for code-server: without what an outer VS Code or code-server would have it do. */
function cleanEnvironment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const unwanted = /^(VSCODE_|CODE_SERVER_|CS_|ELECTRON_|npm_|NODE_OPTIONS$|NODE_ENV$|PORT$|(HASHED_)?PASSWORD$)/;
  const kept = Object.entries(process.env).filter(([key]) => !unwanted.test(key));
  // As if started from a terminal: extensions see our PATH (Node 24 first), not the one of a login shell.
  return { ...Object.fromEntries(kept), VSCODE_CLI: '1', ...extra };
}

/** Installs a packaged extension into an extensions folder (to share between servers). */
export function installExtension(vsix: string, extensionsDir: string): void {
  if (!existsSync(vsix)) throw new Error(`${vsix} does not exist; build it with: npm run package`);
  requireVSCode({ browser: false });
  const data = mkdtempSync(join(tmpdir(), 'udi-vsix-'));
  try {
    const args = [codeServerEntry, '--config', join(data, 'config.yaml'), '--user-data-dir', data];
    const install = [...args, '--extensions-dir', extensionsDir, '--install-extension', vsix, '--force'];
    const done = spawnSync(node24(), install, { env: cleanEnvironment({}), encoding: 'utf8' });
    const text = `${done.stdout}${done.stderr}`;
    if (done.status !== 0 || !/successfully installed/.test(text)) throw new Error(`Cannot install ${vsix}:\n${text}`);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done, failed) => probe.once('error', failed).listen(0, '127.0.0.1', done));
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  if (address === null || typeof address === 'string') throw new Error('No free port on 127.0.0.1');
  return address.port;
}

/** All files under `folder`, with their text. */
function readLogs(folder: string): Map<string, string> {
  if (!existsSync(folder)) return new Map();
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = entries.map((entry) => join(entry.parentPath, entry.name));
  return new Map(files.map((file) => [file.slice(folder.length + 1), readFileSync(file, 'utf8')]));
}

/** Starts code-server and waits until it listens. */
export async function startServer(options: ServerOptions = {}): Promise<CodeServer> {
  requireVSCode({ browser: false });
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'udi-vscode-'));
  const extensionsDir = options.extensionsDir ?? join(dataDir, 'extensions');
  // An own home: VS Code reads agent files there, and deleting "to the trash" puts files there.
  const home = join(dataDir, 'home');
  for (const folder of ['home', 'User', 'Machine']) mkdirSync(join(dataDir, folder), { recursive: true });
  const theme = { 'workbench.colorTheme': themeNames[options.theme ?? 'light'] };
  writeFileSync(join(dataDir, 'User/settings.json'), JSON.stringify({ ...quiet, ...theme, ...options.settings }));
  // Changes go to the machine's settings, which override the user's: in this build VS Code does not notice a change of
  // User/settings.json that it did not make itself.
  let changed: Settings = {};
  const setSettings = (changes: Settings): void => {
    changed = { ...changed, ...changes };
    writeFileSync(join(dataDir, 'Machine/settings.json'), JSON.stringify(changed));
  };
  setSettings({});
  for (const vsix of options.vsix ?? []) installExtension(vsix, extensionsDir);

  const port = options.port ?? (await freePort());
  const args = [
    codeServerEntry, '--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--config', join(dataDir, 'config.yaml'),
    '--user-data-dir', dataDir, '--extensions-dir', extensionsDir,
    '--disable-telemetry', '--disable-update-check', '--disable-getting-started-override', '--ignore-last-opened',
    ...(options.trusted === false ? [] : ['--disable-workspace-trust']),
    ...(options.graceSeconds === undefined ? [] : ['--reconnection-grace-time', String(options.graceSeconds)]),
  ];
  // An own process group: its extension hosts can be ended with it, by a number that belongs to us alone.
  const child = spawn(node24(), args, {
    env: cleanEnvironment({ HOME: home, ...options.env }), cwd: home, detached: true, stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`Cannot start ${node24()}`);
  let output = '';
  const collect = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const gone = new Promise<void>((done) => child.once('exit', () => done()));

  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(-pid, name);
    } catch {
      // The group is gone already.
    }
  };
  // A just killed extension host may still be closing its log, so deleting is tried again.
  const clean = (): void => {
    if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  const onExit = (): void => {
    signal('SIGKILL');
    clean();
  };
  process.once('exit', onExit);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      process.kill(pid, 'SIGTERM');
      await Promise.race([gone, sleep(20_000)]);
    }
    signal('SIGKILL');
    await gone;
    process.removeListener('exit', onExit);
    clean();
  };

  const deadline = Date.now() + 180_000;
  while (!output.includes('HTTP server listening')) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`code-server did not start:\n${output}`);
    }
    await sleep(50);
  }
  const logs = (): Map<string, string> => readLogs(join(dataDir, 'logs'));
  const activations = (extension: string): number =>
    [...logs()].filter(([name, text]) => /remoteexthost\.log$/.test(name) && text.includes(`_doActivateExtension ${extension},`)).length;
  return {
    url: `http://127.0.0.1:${port}`, port, pid, dataDir, extensionsDir, output: () => output, logs, activations, setSettings, stop,
  };
}
