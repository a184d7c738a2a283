import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readProcess } from '../../src/core/files/processFile.ts';
import { ownIdentity } from '../../src/core/files/processIdentity.ts';
import { listRuns, liveTrainer, loadRun, readJournal } from '../../src/core/run/runStore.ts';
import { flush } from '../../src/trainer/store/durable.ts';
import { listen } from '../../src/trainer/run/server.ts';
import { search } from './numbers.ts';
import { smallConfig } from './session.ts';
import { skipFor } from '../skip.ts';

const trainer = join(search.distFolder, 'trainer.cjs');
/** So long that no test sees its end. */
const endless = smallConfig({ method: { name: 'sum' }, training: { epochs: 20_000, batchSize: 32, learningRate: 0.05 } });
const elsewhere = { ...ownIdentity(), host: 'gpu3', boot: '00000000-1111-2222-3333-444444444444', start: 'x', namespace: 'pid:[9]' };

const children = new Set<ChildProcess>();
const roots: string[] = [];
afterEach(() => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  for (const root of roots.splice(0)) {
    for (const folder of listRuns(runsOf(root))) {
      const owner = liveTrainer(folder);
      if (owner?.elsewhere === undefined) kill(owner?.pid);
    }
    rmSync(root, { recursive: true, force: true });
  }
  children.clear();
});

const runsOf = (root: string): string => join(root, '.udi', 'runs');
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function workplace(config = endless): string {
  const root = mkdtempSync(join(tmpdir(), 'udi-owner-'));
  roots.push(root);
  writeFileSync(join(root, 'a.udi.yaml'), config);
  return root;
}

async function until<T>(find: () => T | undefined | false): Promise<T> {
  for (;;) {
    const found = find();
    if (found !== undefined && found !== false) return found;
    await pause(20);
  }
}

interface Started { readonly child: ChildProcess; readonly ended: Promise<{ code: number | null; output: string; errors: string }> }

/** The built program in `root`, or another program that starts it. */
function start(root: string, args: readonly string[], { command = [process.execPath], env = {} }: { command?: readonly string[]; env?: NodeJS.ProcessEnv } = {}): Started {
  if (!existsSync(trainer)) throw new Error(`${trainer} is missing; run npm run build first`);
  const [program, ...before] = command;
  const child = spawn(program!, [...before, trainer, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  children.add(child);
  const said = { output: '', errors: '' };
  child.stdout.on('data', (chunk: Buffer) => { said.output += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { said.errors += chunk.toString(); });
  return { child, ended: new Promise((resolve) => { child.on('close', (code) => resolve({ code, ...said })); }) };
}

/** Starts a training and waits for its first epoch. */
async function trainSome(root: string, options?: Parameters<typeof start>[2]): Promise<Started & { readonly folder: string }> {
  const started = start(root, ['train', 'a.udi.yaml'], options);
  const folder = await until(() => listRuns(runsOf(root)).find((each) => readJournal(each).events.some(({ type }) => type === 'epoch')));
  return { ...started, folder };
}

const seqs = (folder: string): number[] => readJournal(folder).events.map(({ seq }) => seq);
const unshare = process.platform === 'linux' && spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;

describe('a run has one trainer', () => {
  it('also across containers: it is shown as running there, and a second trainer is refused', skipFor(unshare ? undefined : 'no pid namespace can be made here'), async () => {
    const root = workplace();
    const { child, folder } = await trainSome(root, { command: ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', process.execPath] });
    const { host } = ownIdentity();
    expect(loadRun(folder)).toMatchObject({ state: 'running', elsewhere: `${host ?? ''} (in another container)` });
    expect((await start(root, ['runs']).ended).output).toContain(`running on ${host ?? ''} (in another container)`);
    expect((await start(root, ['show', 'latest']).ended).output).toContain('running on');
    const resumed = await start(root, ['resume', 'latest']).ended;
    expect(resumed.code).toBe(2);
    expect(resumed.errors).toMatch(/is being trained by process \d+ on .* cannot be seen from here but gives signs of life\.\n.*try again in a minute/);
    child.kill('SIGKILL');
    await until(() => child.exitCode !== null || child.signalCode !== null);
    expect(seqs(folder)).toEqual(seqs(folder).map((_, index) => index + 1));
    // A minute later, as far as the file tells.
    utimesSync(join(folder, 'trainer.json'), 0, 0);
    expect(loadRun(folder).state).toBe('interrupted');
  });

  it('also across machines: a fresh heartbeat refuses, with the name of the host; a stale one lets the run be resumed', async () => {
    const root = workplace();
    const { child, ended, folder } = await trainSome(root);
    child.kill('SIGKILL');
    await ended;
    writeFileSync(join(folder, 'trainer.json'), JSON.stringify({ ...elsewhere, socket: '/tmp/nobody', node: 'v24' }));
    const refused = await start(root, ['resume', 'latest']).ended;
    expect([refused.code, refused.errors]).toEqual([2, expect.stringContaining('on gpu3, which cannot be seen from here')]);
    utimesSync(join(folder, 'trainer.json'), 0, 0);
    const before = seqs(folder).length;
    start(root, ['resume', 'latest']);
    await until(() => seqs(folder).length > before + 2);
  });

  it('ends when another trainer has taken over in spite of all, and writes nothing into its journal', async () => {
    const root = workplace();
    const first = await trainSome(root);
    // What a second one would need to believe that the first is gone.
    rmSync(join(first.folder, 'trainer.json'));
    const second = start(root, ['resume', 'latest']);
    const { code, errors } = await first.ended;
    expect(code, errors).toBe(1);
    expect(errors).toMatch(/another process|somebody else|was deleted, moved or emptied/i);
    expect(errors).not.toMatch(/\n\s+at /);
    expect(second.child.exitCode).toBeNull();
    const resumed = await until(() => readJournal(first.folder).events.find(({ type }) => type === 'resumed'));
    await until(() => seqs(first.folder).length > resumed.seq + 2);
    second.child.kill('SIGINT');
    expect((await second.ended).code).toBe(130);
    const { events, damagedLines } = readJournal(first.folder);
    expect(damagedLines).toBe(0);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.filter(({ type }) => type === 'ended')).toHaveLength(1);
  });

  it.each(['appended to', 'replaced'])('ends when its journal was %s by somebody else, and leaves it as it is', async (how) => {
    const root = workplace();
    const { folder, ended } = await trainSome(root);
    const journal = join(folder, 'events.jsonl');
    if (how === 'replaced') {
      copyFileSync(journal, `${journal}.copy`);
      renameSync(`${journal}.copy`, journal);
    } else appendFileSync(journal, '{"seq":');
    const { code, output, errors } = await ended;
    expect(code).toBe(1);
    expect(errors).toMatch(how === 'replaced' ? /Another process has taken over/ : /somebody else writes into it/);
    expect(output).not.toMatch(/Run failed|resume/);
    expect(readJournal(folder).events.some(({ type }) => type === 'ended')).toBe(false);
  });

  it('ends when its claim names another owner', async () => {
    const root = workplace();
    const { folder, ended } = await trainSome(root);
    writeFileSync(join(folder, 'trainer.json'), JSON.stringify(elsewhere));
    const { code, errors } = await ended;
    expect([code, errors]).toEqual([1, expect.stringMatching(/^Another process has taken over .*\n.*taken for gone that gives no sign of life/)]);
    expect(readProcess(join(folder, 'trainer.json'))).toMatchObject({ host: 'gpu3' });
  });
});

describe('file systems and sockets', () => {
  const finish = smallConfig({ method: { name: 'sum' }, training: { epochs: 1, batchSize: 32, learningRate: 0.05 } });

  it('trains where there are no hard links', async () => {
    const root = workplace(finish);
    writeFileSync(join(root, 'no-links.cjs'), `require('node:fs').linkSync = () => { throw Object.assign(new Error('EPERM'), { code: 'EPERM' }); }; require('node:module').syncBuiltinESMExports();`);
    const { code, errors } = await start(root, ['train', 'a.udi.yaml'], { command: [process.execPath, '--require', './no-links.cjs'] }).ended;
    expect(code, errors).toBe(0);
    expect(listRuns(runsOf(root)).map((folder) => loadRun(folder).state)).toEqual(['finished']);
  });

  it('puts the socket where its path is short enough, when the temporary folder is long', async () => {
    const root = workplace();
    const long = join(root, 'scratch'.repeat(17));
    mkdirSync(long);
    const { folder } = await trainSome(root, { env: { TMPDIR: long } });
    const { socket } = liveTrainer(folder)!;
    expect(Buffer.byteLength(socket)).toBeLessThan(104);
    expect(existsSync(socket)).toBe(true);
  });

  it('goes on where a disk cannot be asked to flush, and fails where it did', () => {
    const failing = (code: string) => () => flush(0, () => { throw Object.assign(new Error(code), { code }); });
    for (const code of ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']) expect(failing(code), code).not.toThrow();
    for (const code of ['EIO', 'ENOSPC', 'ESTALE']) expect(failing(code), code).toThrow(code);
  });

  it('goes without a socket where none can be made, and says what was tried', async () => {
    const root = workplace();
    const none = await listen(root, [join(root, 'x'.repeat(110)), join(root, 'a.udi.yaml')]);
    expect(none.path).toBe('');
    expect(none.refusal).toMatch(/longer than a socket's path may be\), .*a\.udi\.yaml \((EEXIST|ENOTDIR)\)/);
    const some = await listen(root, [join(root, 'a.udi.yaml'), join(root, 'sockets')]);
    expect(dirname(some.path)).toBe(join(root, 'sockets'));
    some.server.close();
  });

  it('says in a sentence what is wrong with the folder, and leaves no run behind', async () => {
    const root = workplace(finish);
    writeFileSync(join(root, '.udi'), '');
    const { code, errors } = await start(root, ['train', 'a.udi.yaml']).ended;
    expect([code, errors]).toEqual([1, expect.stringMatching(/^\S+\.udi\/runs is reached through something that is a file, not a folder \(ENOTDIR\)\.\n.*\n$/)]);
    rmSync(join(root, '.udi'));
    // A device of which nothing can be written.
    mkdirSync(runsOf(root), { recursive: true });
    const full = await start(root, ['train', 'a.udi.yaml'], { command: ['sh', '-c', 'ulimit -f 0; trap "" XFSZ; exec "$@"', 'sh', process.execPath] }).ended;
    expect(full.code).toBe(1);
    expect(full.errors).toMatch(/^No space left/);
    expect(readdirSync(runsOf(root))).toEqual([]);
  });

  it('names the file that somebody else must not touch', skipFor(process.getuid?.() === 0 ? undefined : 'only root can become somebody else'), async () => {
    const root = workplace(finish);
    // The folder of the workplace may be entered, but not written, by others.
    spawnSync('chmod', ['755', root]);
    const other = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
    const { code, errors } = await start(root, ['train', 'a.udi.yaml'], { command: other }).ended;
    expect([code, errors]).toEqual([1, expect.stringMatching(/^No permission for \S+\.udi\S* \(EACCES\)\.\n/)]);
    expect((await start(root, ['train', 'a.udi.yaml', '--set', 'training.epochs=2']).ended).code).toBe(0);
    spawnSync('chmod', ['-R', 'a+rX', root]);
    const [folder] = listRuns(runsOf(root));
    writeFileSync(join(folder!, 'events.jsonl'), readFileSync(join(folder!, 'events.jsonl'), 'utf8').split('\n').slice(0, 3).join('\n') + '\n');
    const resumed = await start(root, ['resume', 'latest'], { command: other }).ended;
    expect([resumed.code, resumed.errors]).toEqual([1, expect.stringMatching(/^No permission for \S+trainer\.json\S* \(EACCES\)\.\n/)]);
  });

  it('says that its folder is gone, and does not offer to go on in it', async () => {
    const root = workplace();
    const { folder, ended } = await trainSome(root);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    const { code, output, errors } = await ended;
    expect(code).toBe(1);
    expect(errors).toMatch(new RegExp(`^${folder} was deleted, moved or emptied while this process worked on it`));
    expect(`${output}${errors}`).not.toMatch(/resume|\n\s+at /);
  });
});
