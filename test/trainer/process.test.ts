import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { appendFileSync, copyFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, watch, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/core/run/events.ts';
import { createRandom } from '../../src/core/random.ts';
import { liveTrainer, loadRun, readJournal, readTrainerInfo } from '../../src/core/run/runStore.ts';
import { Checkpoints } from '../../src/trainer/store/checkpoint.ts';
import { createLineSplitter, trainerMessageSchema, type ClientMessage } from '../../src/core/wire.ts';
import { skipFor } from '../skip.ts';
import { search } from './numbers.ts';
import { createTemporaryRun, metricsOf, readWeights, smallConfig } from './session.ts';

const trainer = join(search.distFolder, 'trainer.cjs');
const kills = 24;
const longRun = smallConfig({ training: { epochs: 8, batchSize: 32, learningRate: 0.05 } });
/** Long enough to be killed so often, also where the machine is busy and the kill comes late. */
const killedRun = smallConfig({ training: { epochs: 16, batchSize: 32, learningRate: 0.05 } });

const children = new Set<ChildProcess>();
const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

function temporaryRun(text: string): string {
  const { folder, cleanUp } = createTemporaryRun(text);
  cleanUps.push(cleanUp);
  return folder;
}

/** The real, built trainer on a run folder; `ended` resolves to its exit code (null after a signal) and stderr. */
function startTrainer(folder: string, env: NodeJS.ProcessEnv = {}): { child: ChildProcess; ended: Promise<{ code: number | null; errors: string }> } {
  if (!existsSync(trainer)) throw new Error(`${trainer} is missing; run npm run build first`);
  const child = spawn(process.execPath, [trainer, 'run', folder], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  children.add(child);
  let errors = '';
  child.stderr!.on('data', (data: Buffer) => { errors += data.toString(); });
  return { child, ended: new Promise((resolve) => { child.on('close', (code) => resolve({ code, errors })); }) };
}

async function trainToEnd(folder: string): Promise<void> {
  const { code, errors } = await startTrainer(folder).ended;
  expect(code, errors).toBe(0);
}

/** A client of the trainer's socket that collects what it hears. */
async function connect(folder: string, since: number): Promise<{ events: RunEvent[]; send: (message: ClientMessage) => void; until: (check: (event: RunEvent) => boolean) => Promise<RunEvent>; close: () => void }> {
  const events: RunEvent[] = [];
  const waiting = new Set<() => void>();
  const socket = await open(folder);
  socket.setEncoding('utf8');
  socket.on('data', createLineSplitter((line) => {
    const message = trainerMessageSchema.parse(JSON.parse(line));
    if (message.type === 'event') events.push(message.event);
    for (const wake of waiting) wake();
  }));
  const send = (message: ClientMessage): void => { socket.write(`${JSON.stringify(message)}\n`); };
  send({ type: 'subscribe', since });
  return {
    events, send, close: () => socket.destroy(),
    until: (check) => new Promise((resolve) => {
      const look = (): void => {
        const found = events.find(check);
        if (!found) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    }),
  };
}

async function open(folder: string): Promise<Socket> {
  for (;;) {
    const info = liveTrainer(folder);
    const socket = info && await new Promise<Socket | undefined>((resolve) => {
      const attempt = createConnection(info.socket);
      attempt.once('connect', () => resolve(attempt));
      attempt.once('error', () => resolve(undefined));
    });
    if (socket) return socket;
    await pause(10);
  }
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

/** Leaves what a kill inside a write leaves: half a journal line, a temporary file, tensors that no manifest names yet. */
function leaveTornFiles(folder: string, random: () => number): void {
  const checkpoints = join(folder, 'checkpoints');
  const file = join(folder, 'events.jsonl');
  const line = readFileSync(file, 'utf8').split('\n')[0] ?? '';
  appendFileSync(file, line.slice(0, Math.floor(random() * line.length)));
  const tensors = readdirSync(checkpoints).find((name) => name.endsWith('.safetensors'));
  if (!tensors) return;
  for (const name of ['stage1-epoch9.safetensors.tmp', 'stage9-epoch9.safetensors']) {
    copyFileSync(join(checkpoints, tensors), join(checkpoints, name));
    truncateSync(join(checkpoints, name), Math.floor(random() * statSync(join(checkpoints, name)).size));
  }
  writeFileSync(join(checkpoints, 'checkpoint.json.tmp'), '{"format":1,"tens');
}

describe('a trainer process', () => {
  it(`killed ${kills} times and resumed gives bit for bit what an undisturbed one gives`, async () => {
    const calm = temporaryRun(killedRun);
    await trainToEnd(calm);
    const expected = loadRun(calm).run;
    const epochs = expected.stages.reduce((sum, stage) => sum + stage.epochs.length, 0);

    const folder = temporaryRun(killedRun);
    const random = createRandom(2026);
    let killed = 0;
    let inCheckpoint = 0;
    for (; killed < kills; killed++) {
      const { child, ended } = startTrainer(folder);
      const before = countEpochs(folder);
      // Every third kill comes while a checkpoint is being written, the others at a random moment; every run gets on by at least one epoch in three.
      if (killed % 3 === 0) inCheckpoint += await killInCheckpoint(folder, child);
      else {
        await Promise.race([ended, waitForEpoch(folder, before).then(() => pause(random.uniform() * 120))]);
        child.kill('SIGKILL');
      }
      const { code } = await ended;
      if (code !== null) break;
      expect(loadRun(folder).state).toBe('interrupted');
      if (killed % 2 === 0) leaveTornFiles(folder, () => random.uniform());
    }
    expect(killed, 'the run ended before it was killed often enough').toBeGreaterThanOrEqual(20);
    expect(inCheckpoint, 'kills while a temporary checkpoint file was there').toBeGreaterThan(0);
    await trainToEnd(folder);
    const { run, state } = loadRun(folder);
    expect(state).toBe('finished');
    expect(run.stages.reduce((sum, stage) => sum + stage.epochs.length, 0)).toBe(epochs);
    expect(metricsOf(run)).toEqual(metricsOf(expected));
    expect(readWeights(folder)).toEqual(readWeights(calm));
    expect(readJournal(folder).events.map((event) => event.seq)).toEqual(readJournal(folder).events.map((_, index) => index + 1));
  });

  it('streams its journal from any point, and a second client sees the same without a gap', async () => {
    const folder = temporaryRun(longRun);
    const { ended } = startTrainer(folder);
    const first = await connect(folder, 0);
    await first.until((event) => event.type === 'epoch' && event.epoch === 3);
    // The training waits until all have found it.
    first.send({ type: 'pause' });
    await first.until((event) => event.type === 'paused');
    first.close();
    const last = first.events.at(-1)!.seq;
    const second = await connect(folder, last);
    const third = await connect(folder, 0);
    second.send({ type: 'resume' });
    await Promise.all([second, third].map((client) => client.until((event) => event.type === 'ended')));
    await ended;
    const stored = readJournal(folder).events;
    expect([...first.events, ...second.events]).toEqual(stored);
    expect(third.events).toEqual(stored);
  });

  it('stops after the epoch, cancels at once, pauses and continues', async () => {
    const folder = temporaryRun(longRun);
    let { ended } = startTrainer(folder);
    let client = await connect(folder, 0);
    await client.until((event) => event.type === 'epoch');
    client.send({ type: 'pause' });
    await client.until((event) => event.type === 'paused');
    const held = readJournal(folder).events.length;
    await pause(500);
    expect(readJournal(folder).events.length).toBe(held);
    expect(loadRun(folder).state).toBe('paused');
    client.send({ type: 'resume' });
    await client.until((event) => event.type === 'continued');
    client.send({ type: 'stop' });
    await client.until((event) => event.type === 'ended');
    expect((await ended).code).toBe(0);
    expect(loadRun(folder).state).toBe('stopped');
    const stopped = countEpochs(folder);

    ({ ended } = startTrainer(folder));
    client = await connect(folder, client.events.at(-1)!.seq);
    await client.until((event) => event.type === 'resumed');
    client.send({ type: 'cancel' });
    await client.until((event) => event.type === 'ended');
    expect((await ended).code).toBe(1);
    expect(loadRun(folder).state).toBe('cancelled');
    expect(countEpochs(folder)).toBeGreaterThanOrEqual(stopped);
    await trainToEnd(folder);
    const calm = temporaryRun(longRun);
    await trainToEnd(calm);
    expect(metricsOf(loadRun(folder).run)).toEqual(metricsOf(loadRun(calm).run));
  });

  it('refuses a second trainer on the same run, a finished run, and messages it does not know', async () => {
    const folder = temporaryRun(longRun);
    const { ended } = startTrainer(folder);
    const client = await connect(folder, 0);
    // The first one waits, so that the second, however slow, finds it.
    client.send({ type: 'pause' });
    await client.until((event) => event.type === 'paused');
    const second = await startTrainer(folder).ended;
    client.send({ type: 'resume' });
    expect(second.code).toBe(2);
    expect(second.errors).toContain(`is being trained by process ${readTrainerInfo(folder)!.pid}`);
    await client.until((event) => event.type === 'ended');
    await ended;
    const third = await startTrainer(folder).ended;
    expect(third.code).toBe(2);
    expect(third.errors).toContain('is finished');
  });

  it('says what is wrong with a damaged checkpoint and leaves it as it is', async () => {
    const folder = temporaryRun(longRun);
    const { child, ended } = startTrainer(folder);
    await waitForEpoch(folder, 0);
    await waitForFile(join(folder, 'checkpoints', 'checkpoint.json'));
    child.kill('SIGKILL');
    await ended;
    const { files } = JSON.parse(readFileSync(join(folder, 'checkpoints', 'checkpoint.json'), 'utf8')) as { files: { file: string }[] };
    const file = join(folder, 'checkpoints', files[0]!.file);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    const { code, errors } = await startTrainer(folder).ended;
    expect(code).toBe(1);
    expect(errors).toContain('does not match its checksum');
    expect(readFileSync(file)).toEqual(bytes);
  });

  it('ends with a clear error when the disk is full, and goes on from its last checkpoint when there is space again', async () => {
    const calm = temporaryRun(longRun);
    await trainToEnd(calm);
    const folder = temporaryRun(longRun);
    const { ended: first, child } = startTrainer(folder);
    await waitForEpoch(folder, 2);
    await waitForFile(join(folder, 'checkpoints', 'checkpoint.json'));
    child.kill('SIGKILL');
    await first;
    const manifest = readFileSync(join(folder, 'checkpoints', 'checkpoint.json'));
    const temporary = () => readdirSync(join(folder, 'checkpoints')).filter((name) => name.endsWith('.tmp'));
    // The kill itself may have come in the middle of a write.
    const leftByKill = temporary();
    // A file-size limit below a checkpoint's size makes its write fail in the middle, as a full disk or a quota does.
    const limited = spawn('sh', ['-c', `ulimit -f 36; exec "${process.execPath}" "${trainer}" run "${folder}"`], { stdio: ['ignore', 'ignore', 'pipe'] });
    children.add(limited);
    const code = await new Promise((resolve) => { limited.on('close', resolve); });
    expect(code).toBe(1);
    const { run } = loadRun(folder);
    expect(run.ended).toMatchObject({ state: 'failed', error: { message: expect.stringMatching(/No space left .*safetensors/) as string } });
    expect(readFileSync(join(folder, 'checkpoints', 'checkpoint.json'))).toEqual(manifest);
    expect(temporary().filter((name) => !leftByKill.includes(name))).toEqual([]);
    await trainToEnd(folder);
    expect(metricsOf(loadRun(folder).run)).toEqual(metricsOf(loadRun(calm).run));
  });
});

describe('a full file system', () => {
  const mount = mkdtempSync(join(tmpdir(), 'udi-full-'));
  // Not a limit on one file but a real file system without space; needs the right to mount.
  const mounted = process.platform === 'linux' && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', mount]).status === 0;
  afterAll(() => {
    if (mounted) spawnSync('umount', [mount]);
    rmSync(mount, { recursive: true, force: true });
  });

  it('ends the run with a clear error and an intact checkpoint', skipFor(mounted ? undefined : 'tmpfs cannot be mounted here'), async () => {
    const elsewhere = temporaryRun(longRun);
    const folder = join(mount, 'run');
    cpSync(elsewhere, folder, { recursive: true });
    const { code, errors } = await startTrainer(folder).ended;
    expect(code).toBe(1);
    expect(errors).toMatch(/No space left .*ENOSPC/);
    expect(new Checkpoints(folder).resumed, 'the last checkpoint can be read').toBeDefined();
    expect(readJournal(folder).damagedLines).toBe(0);
    rmSync(elsewhere, { recursive: true });
    cpSync(folder, elsewhere, { recursive: true });
    await trainToEnd(elsewhere);
    const calm = temporaryRun(longRun);
    await trainToEnd(calm);
    expect(metricsOf(loadRun(elsewhere).run)).toEqual(metricsOf(loadRun(calm).run));
  });
});

function countEpochs(folder: string): number {
  return readJournal(folder).events.filter((event) => event.type === 'epoch').length;
}

async function waitForEpoch(folder: string, more: number): Promise<void> {
  while (countEpochs(folder) <= more) await pause(5);
}

async function waitForFile(file: string): Promise<void> {
  while (!existsSync(file)) await pause(5);
}

/** Kills the process as soon as a temporary checkpoint file shows up; returns 1 if that file was still there afterwards. */
async function killInCheckpoint(folder: string, child: ChildProcess): Promise<number> {
  const checkpoints = join(folder, 'checkpoints');
  const ended = new Promise<void>((resolve) => { child.on('close', () => resolve()); });
  const watcher = watch(checkpoints, (_, name) => {
    if (name?.endsWith('.tmp')) child.kill('SIGKILL');
  });
  await ended;
  watcher.close();
  return readdirSync(checkpoints).some((name) => name.endsWith('.tmp')) ? 1 : 0;
}

describe('the command line', () => {
  const run = (args: string[], cwd: string): Promise<{ code: number | null; output: string; errors: string }> => new Promise((resolve) => {
    const child = spawn(process.execPath, [trainer, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(child);
    let output = '';
    let errors = '';
    child.stdout.on('data', (data: Buffer) => { output += data.toString(); });
    child.stderr.on('data', (data: Buffer) => { errors += data.toString(); });
    child.on('close', (code) => resolve({ code, output, errors }));
  });
  const folderWith = (files: Record<string, string>): string => {
    const root = mkdtempSync(join(tmpdir(), 'udi-cli-'));
    cleanUps.push(() => rmSync(root, { recursive: true, force: true }));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
    return root;
  };

  it('trains, lists and shows a run, with plain lines where there is no terminal', async () => {
    const cwd = folderWith({ 'a.udi.yaml': smallConfig() });
    const trained = await run(['train', 'a.udi.yaml', '--set', 'training.epochs=2', '--set', 'name=renamed'], cwd);
    expect(trained.code, trained.errors).toBe(0);
    expect(trained.output).toContain('[1/10] unimodal:m1 1/2 · loss');
    expect(trained.output).toMatch(/m1 is the anchor/);
    expect(trained.output).toMatch(/target +ACC +F1/);
    expect(trained.output).not.toContain('\u001b[');
    const listed = await run(['runs', '--json'], cwd);
    expect(JSON.parse(listed.output)).toMatchObject([{ state: 'finished', method: 'udi', dataset: 'synthetic-arrays' }]);
    const shown = await run(['show', 'latest'], cwd);
    expect(shown.output).toContain('renamed: UDI on synthetic-arrays');
    expect(JSON.parse((await run(['show', 'latest', '--json'], cwd)).output)).toMatchObject({ state: 'finished' });
  });

  it('prints every event as a line with --json', async () => {
    const cwd = folderWith({ 'a.udi.yaml': smallConfig({ training: { epochs: 1, batchSize: 32, learningRate: 0.05 } }) });
    const { output } = await run(['train', 'a.udi.yaml', '--json'], cwd);
    const types = output.trim().split('\n').map((line) => (JSON.parse(line) as RunEvent).type);
    expect(types[0]).toBe('started');
    expect(types.slice(-2)).toEqual(['test', 'ended']);
  });

  it('stops with a checkpoint at Ctrl-C and resumes', async () => {
    const cwd = folderWith({ 'a.udi.yaml': longRun });
    const child = spawn(process.execPath, [trainer, 'train', 'a.udi.yaml'], { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
    children.add(child);
    const ended = new Promise<number | null>((resolve) => { child.on('close', resolve); });
    let output = '';
    let interrupted = false;
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      if (interrupted || !output.includes('[2/')) return;
      interrupted = true;
      child.kill('SIGINT');
    });
    expect(await ended).toBe(130);
    expect(output).toContain('Run stopped');
    const resumed = await run(['resume', 'latest'], cwd);
    expect(resumed.code).toBe(0);
    expect(resumed.output).toContain('Run finished');
  });

  it('refuses a bad config with file, line, column and the nearest key; unknown runs, devices and files', async () => {
    const cwd = folderWith({ 'bad.udi.yaml': 'dataset: { name: synthetic-arrays }\nmethod: { name: udi }\ntraining: { epoch: 3 }\n', 'good.udi.yaml': smallConfig() });
    const bad = await run(['train', 'bad.udi.yaml'], cwd);
    expect(bad.code).toBe(2);
    expect(bad.errors).toMatch(/bad\.udi\.yaml:3:13: training\.epoch: Unknown key "epoch"\. Did you mean "epochs"\?/);
    expect((await run(['show', 'nothing'], cwd)).errors).toContain('There is no run "nothing"');
    expect((await run(['train', 'absent.udi.yaml'], cwd)).code).toBe(2);
    expect((await run(['train', 'good.udi.yaml', '--device', 'tpu'], cwd)).code).toBe(2);
    const forced = await run(['train', 'good.udi.yaml', '--device', 'tfjs-node-gpu'], cwd);
    expect(forced.code).toBe(1);
    expect(forced.errors).toMatch(/tfjs-node-gpu.* can not be used here/s);
  });

  it('lists all backends in the doctor, with a reason where one cannot be used', async () => {
    const { output, code } = await run(['doctor', '--json'], tmpdir());
    expect(code).toBe(0);
    const { backends } = JSON.parse(output) as { backends: { id: string; usable: boolean; reason?: string; howToGet?: string }[] };
    expect(backends.map((each) => each.id)).toEqual(['tfjs-node-gpu', 'tfjs-node', 'webgpu', 'wasm', 'cpu']);
    expect(backends.find((each) => each.id === 'wasm')!.usable).toBe(true);
    for (const each of backends.filter((one) => !one.usable)) expect(each.reason && each.howToGet, each.id).toBeTruthy();
  });
});
