import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import type { Run } from '../../../src/core/run/run.ts';
import { liveTrainer, listRuns, loadRun, readJournal, readMeta } from '../../../src/core/run/runStore.ts';
import type { StudyEvent } from '../../../src/core/study/studyEvents.ts';
import { liveSupervisor, loadStudy, readStudyJournal, studyRuns } from '../../../src/core/study/studyStore.ts';
import { createLineSplitter, supervisorMessageSchema } from '../../../src/core/wire.ts';
import { createCatalog } from '../../../src/trainer/catalog.ts';
import { prepareStudy } from '../../../src/trainer/study/prepareStudy.ts';
import { runSupervisor } from '../../../src/trainer/study/supervisor.ts';
import { search } from '../numbers.ts';
import { metricsOf } from '../session.ts';

const trainer = join(search.distFolder, 'trainer.cjs');

/** A study in a folder of its own, and its supervisor as a real process; nothing of it outlives the test. */
class Workplace {
  readonly root = mkdtempSync(join(tmpdir(), 'udi-study-'));
  readonly file = join(this.root, 'a.udi-study.yaml');
  readonly runs = join(this.root, '.udi', 'runs');
  readonly folder = join(this.root, '.udi', 'studies', 'a');
  readonly #children = new Set<ChildProcess>();

  /** Writes the study file; runs take a few seconds with many epochs, less than one with few. */
  write({ epochs, seeds, grid = { 'method.name': ['udi', 'sum'] } }: { epochs: number; seeds: number[]; grid?: Record<string, unknown[]> }): void {
    const base = {
      dataset: { name: 'synthetic-arrays', train: 160, validation: 64, test: 64 }, method: { name: 'sum' },
      training: { epochs, batchSize: 32, learningRate: 0.05 }, device: 'wasm',
    };
    writeFileSync(this.file, JSON.stringify({ base, seeds, grid }));
  }

  /** `udi <args>` in the folder; `ended` resolves to its exit code (null after a signal) and what it printed. */
  start(args: string[], env: NodeJS.ProcessEnv = {}): { child: ChildProcess; ended: Promise<{ code: number | null; output: string }> } {
    if (!existsSync(trainer)) throw new Error(`${trainer} is missing; run npm run build first`);
    const child = spawn(process.execPath, [trainer, ...args], { cwd: this.root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#children.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output += chunk.toString(); });
    return { child, ended: new Promise((resolve) => { child.on('close', (code) => resolve({ code, output })); }) };
  }

  study(args: string[] = [], env: NodeJS.ProcessEnv = {}): ReturnType<Workplace['start']> {
    return this.start(['study', 'run', this.file, '--parallel', '2', ...args], env);
  }

  events(): readonly StudyEvent[] {
    return readStudyJournal(this.folder).events;
  }

  /** Run folders by key of the plan; a key that was tried again has several. */
  folders(): Map<string, string[]> {
    const byKey = new Map<string, string[]>();
    for (const folder of listRuns(this.runs)) {
      const { key } = readMeta(folder).study!;
      byKey.set(key, [folder, ...(byKey.get(key) ?? [])]);
    }
    return byKey;
  }

  /** The study's runs by label. */
  results(): Record<string, Run> {
    const study = loadStudy(this.folder);
    const { plan } = study;
    const found = studyRuns(study, createCatalog());
    return Object.fromEntries(plan.runs.flatMap(({ key, label }) => (found.has(key) ? [[label, found.get(key)!.run]] : [])));
  }

  /** Epochs that the journals of all runs have. */
  epochs(): number {
    return listRuns(this.runs).reduce((sum, folder) => sum + count(readJournal(folder).events, 'epoch'), 0);
  }

  living(): number[] {
    return listRuns(this.runs).flatMap((folder) => liveTrainer(folder)?.pid ?? []);
  }

  async until<T>(find: () => T | undefined | false): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined && found !== false) return found;
      await pause(25);
    }
  }

  async cleanUp(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    // Trainers are processes of their own; one may just have been started.
    for (let quiet = 0; quiet < 5; quiet++) {
      const living = this.living();
      if (living.length > 0) quiet = 0;
      for (const pid of living) kill(pid);
      await pause(50);
    }
    rmSync(this.root, { recursive: true, force: true });
  }
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
}

/** What a run measured, whether a stage was trained here or taken from the cache. */
function numbersOf(run: Run): unknown {
  const stages = run.stages.map((stage) => ({ ...stage, ...(stage.ended ? { ended: { ...stage.ended, cached: false } } : {}) }));
  return metricsOf({ ...run, stages });
}

const isEpoch = (folder: string): boolean => readJournal(folder).events.some(({ type }) => type === 'epoch');
const count = (events: readonly { type: string }[], type: string): number => events.filter((event) => event.type === type).length;

const workplaces: Workplace[] = [];
function workplace(): Workplace {
  const place = new Workplace();
  workplaces.push(place);
  return place;
}
afterEach(async () => {
  for (const place of workplaces.splice(0)) await place.cleanUp();
});

describe('a study', () => {
  it('loses no run and trains none twice, wherever its supervisor and trainers are killed', async () => {
    const long = { epochs: 10, seeds: [0, 1, 2] };
    const place = workplace();
    place.write(long);
    const random = createRandom(2026);
    let trainersKilled = 0;
    const rounds = 12;
    for (let round = 0; round < rounds; round++) {
      const before = place.events().length;
      const { child, ended } = place.study();
      // Every third supervisor dies in the middle of starting its trainers, the others after some epochs. Epochs rather than
      // seconds, so that a fast machine does not end the study before it was disturbed often enough.
      await place.until(() => place.events().length > before);
      const [epochs, more] = [place.epochs(), 1 + random.integer(10)];
      if (round % 3 === 0) await pause(random.uniform() * 40);
      else await place.until(() => child.exitCode !== null || place.epochs() >= epochs + more);
      child.kill('SIGKILL');
      expect((await ended).code, 'the study ended before it was killed often enough').toBeNull();
      for (const pid of place.living()) {
        if (random.uniform() < 0.5) continue;
        kill(pid);
        trainersKilled++;
      }
      if (round === rounds - 1) expect(loadStudy(place.folder).state).toBe('interrupted');
    }
    expect(trainersKilled).toBeGreaterThan(3);
    const { code, output } = await place.study().ended;
    expect(code, output).toBe(0);
    expect(loadStudy(place.folder).state).toBe('finished');

    const folders = place.folders();
    expect([...folders.keys()].sort()).toEqual(loadStudy(place.folder).plan.runs.map(({ key }) => key).sort());
    for (const [key, [folder, ...others]] of folders) {
      expect(others, key).toEqual([]);
      const { events, damagedLines } = readJournal(folder!);
      expect([count(events, 'started'), count(events, 'ended'), count(events, 'test'), damagedLines], key).toEqual([1, 1, 1, 0]);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    }
    expect(readdirSync(place.runs).every((name) => !name.startsWith('.'))).toBe(true);

    const calm = workplace();
    calm.write(long);
    expect((await calm.study([], { UDI_CACHE: 'off' }).ended).code).toBe(0);
    const [killed, expected] = [place.results(), calm.results()];
    expect(Object.keys(killed)).toEqual(Object.keys(expected));
    for (const [label, run] of Object.entries(expected)) expect(numbersOf(killed[label]!), label).toEqual(numbersOf(run));
  });

  it('runs nothing when it is run again, and only the new runs when a seed is added', async () => {
    const place = workplace();
    place.write({ epochs: 2, seeds: [0] });
    expect((await place.study().ended).code).toBe(0);
    const first = listRuns(place.runs);
    const journals = first.map((folder) => readJournal(folder).validBytes);
    const again = await place.study().ended;
    expect(again.code, again.output).toBe(0);
    expect(count(place.events(), 'runStarted')).toBe(2);

    place.write({ epochs: 2, seeds: [0, 5] });
    expect((await place.study().ended).code).toBe(0);
    const added = listRuns(place.runs).filter((folder) => !first.includes(folder));
    expect(added.map((folder) => loadRun(folder).run.started!.seed)).toEqual([5, 5]);
    expect(first.map((folder) => readJournal(folder).validBytes)).toEqual(journals);
    const { code, output } = await place.start(['study', 'status', 'a', '--json']).ended;
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({ id: 'a', state: 'finished', runs: Array(4).fill({ state: 'finished', plannedEpochs: expect.any(Number) as number }) });
  });

  it('goes on when a run fails, ends as incomplete, and tries the failed run anew in a folder of its own', async () => {
    const place = workplace();
    place.write({ epochs: 2, seeds: [0], grid: { 'training.learningRate': [1e30, 0.05, 0.01] } });
    const { code, output } = await place.study().ended;
    expect(code, output).toBe(1);
    expect(loadStudy(place.folder).state).toBe('incomplete');
    const [failed, ...others] = loadStudy(place.folder).plan.runs.map(({ key }) => loadRun(place.folders().get(key)![0]!));
    expect(others.map(({ state }) => state)).toEqual(['finished', 'finished']);
    expect(failed!.state).toBe('failed');
    expect(failed!.run.ended!.error!.message).toMatch(/diverged (at step \d+ of|in) epoch \d+ of [\s\S]* not finite \(NaN or Inf\)/);
    expect(place.events()).toContainEqual(expect.objectContaining({ type: 'runEnded', state: 'failed', run: failed!.id, message: failed!.run.ended!.error!.message }));
    const { output: status } = await place.start(['study', 'status', place.file]).ended;
    expect(status).toMatch(/incomplete, 2 of 3 runs finished, 1 diverged[\s\S]* failed [\s\S]*not finite/);

    expect((await place.study().ended).code).toBe(1);
    expect([...place.folders().values()].map((folders) => folders.length).sort()).toEqual([1, 1, 2]);
    expect(loadRun(failed!.folder).run).toEqual(failed!.run);
  });

  it('stops its trainers after their epoch when asked on its socket, and goes on from there', async () => {
    const place = workplace();
    place.write({ epochs: 2000, seeds: [0], grid: { 'training.momentum': [0.5, 0.9] } });
    const { ended } = place.study();
    await place.until(() => listRuns(place.runs).length === 2 && listRuns(place.runs).every(isEpoch));
    const heard: StudyEvent[] = [];
    const socket = createConnection(liveSupervisor(place.folder)!.socket);
    socket.setEncoding('utf8').on('data', createLineSplitter((line) => {
      const message = supervisorMessageSchema.parse(JSON.parse(line));
      if (message.type === 'event') heard.push(message.event);
    }));
    socket.write('{"type":"subscribe","since":0}\n{"type":"stop"}\n');
    expect((await ended).code).toBe(0);
    expect(heard).toEqual(place.events());
    expect(loadStudy(place.folder).state).toBe('stopped');
    expect(listRuns(place.runs).map((folder) => loadRun(folder).state)).toEqual(['stopped', 'stopped']);

    const { child, ended: cancelled } = place.study();
    const resumed = (folder: string): boolean => readJournal(folder).events.some(({ type }) => type === 'resumed');
    await place.until(() => listRuns(place.runs).every(resumed));
    child.kill('SIGINT');
    child.kill('SIGTERM');
    expect((await cancelled).code).toBe(130);
    expect(listRuns(place.runs).map((folder) => count(readJournal(folder).events, 'started'))).toEqual([1, 1]);
    expect(listRuns(place.runs).every((folder) => ['stopped', 'cancelled'].includes(loadRun(folder).state))).toBe(true);
    expect(place.living()).toEqual([]);
  });

  it('is refused while it is run on another machine, and taken over when that has been silent for a minute', async () => {
    const place = workplace();
    place.write({ epochs: 1, seeds: [0], grid: { 'training.momentum': [0.5] } });
    prepareStudy(place.file, place.runs);
    const supervisor = join(place.folder, 'supervisor.json');
    writeFileSync(supervisor, JSON.stringify({ pid: 1, start: 'x', host: 'login2', boot: '00000000-1111-2222-3333-444444444444', namespace: 'pid:[1]', socket: '', node: '' }));
    expect(loadStudy(place.folder)).toMatchObject({ state: 'running', elsewhere: 'login2' });
    const refused = await place.study().ended;
    expect(refused.code).toBe(2);
    expect(refused.output).toMatch(/is being run by process 1 on login2, which cannot be seen from here/);
    await expect(runSupervisor(place.folder, { trainer })).rejects.toThrow(/on login2/);
    expect(place.events()).toEqual([]);
    utimesSync(supervisor, 0, 0);
    expect((await place.study().ended).code).toBe(0);
  });

  it('starts the next run beside one that waits for a stage which another run trains', async () => {
    const place = workplace();
    // Runs of one seed share their unimodal stages, which take longer than this test.
    place.write({ epochs: 20_000, seeds: [0, 1], grid: { 'method.name': ['unimodal', 'decoupled'] } });
    place.study();
    const waits = (folder: string): boolean => loadRun(folder).run.waitsFor !== undefined;
    await place.until(() => listRuns(place.runs).some(waits));
    await place.until(() => listRuns(place.runs).length > 2 && listRuns(place.runs).filter((folder) => isEpoch(folder)).length === 2);
    expect(place.events().some(({ type }) => type === 'runEnded')).toBe(false);
  });

  it('has one supervisor, which resumes a trainer that was killed', async () => {
    const place = workplace();
    place.write({ epochs: 200, seeds: [0], grid: { 'training.momentum': [0.5] } });
    const { child, ended } = place.study();
    const folder = await place.until(() => listRuns(place.runs).find(isEpoch));
    kill(liveTrainer(folder)!.pid);
    const second = await place.study().ended;
    expect(second.code).toBe(2);
    expect(second.output).toContain(`is being run by process ${child.pid}`);
    expect((await ended).code).toBe(0);
    const { key } = loadStudy(place.folder).plan.runs[0]!;
    expect(place.events().filter((event) => 'key' in event && event.key === key).map((event) => (event.type === 'runStarted' ? event.how : event.type === 'runEnded' ? event.state : event.type)))
      .toEqual(['new', 'interrupted', 'resumed', 'finished']);
  });
});

describe('runSupervisor', () => {
  const prepare = (seeds: number[]): Workplace => {
    const place = workplace();
    place.write({ epochs: 1, seeds, grid: { 'training.momentum': [0.5] } });
    prepareStudy(place.file, place.runs);
    return place;
  };

  it('gives up on a run whose trainer dies again and again, with the last line of its log', async () => {
    const place = prepare([0]);
    const broken = join(place.root, 'broken.cjs');
    writeFileSync(broken, 'process.stderr.write("no such thing\\n"); process.exit(3);');
    expect(await runSupervisor(place.folder, { trainer: broken, parallel: 1 })).toBe('incomplete');
    const ends = place.events().flatMap((event) => (event.type === 'runEnded' ? [event] : []));
    expect(ends.map(({ state }) => state)).toEqual(Array(4).fill('interrupted'));
    expect(ends[0]!.message).toContain('no such thing');
    // None of the four runs had begun: nothing is left of them, and the study tells why.
    expect(listRuns(place.runs)).toEqual([]);
    expect(Object.values(loadStudy(place.folder).study.died)).toEqual([expect.stringContaining('no such thing')]);
  });

  it('cares for the chosen runs only, and refuses keys that the plan does not have', async () => {
    const place = prepare([0, 1]);
    const [first, second] = loadStudy(place.folder).plan.runs;
    await expect(runSupervisor(place.folder, { trainer, keys: [first!.key, 'else'] })).rejects.toThrow(/has no run else/);
    expect(place.events()).toEqual([]);
    expect(await runSupervisor(place.folder, { trainer, parallel: 1, keys: [second!.key] })).toBe('incomplete');
    expect([...place.folders().keys()]).toEqual([second!.key]);
  });

  it('notes the memory that a run took', async () => {
    const place = prepare([0]);
    expect(await runSupervisor(place.folder, { trainer, parallel: 1 })).toBe('finished');
    const ended = place.events().find((event) => event.type === 'runEnded');
    expect(ended!.peakMemory).toBeGreaterThan(20 * 1024 ** 2);
    expect(ended!.peakMemory).toBe(loadRun(listRuns(place.runs)[0]!).run.peakMemory);
  });
});

describe('a study file', () => {
  it('may not take over the study of another file of the same name, but may be renamed', () => {
    const place = workplace();
    place.write({ epochs: 1, seeds: [0] });
    prepareStudy(place.file, place.runs);
    const other = join(place.root, 'other.udi-study.yaml');
    writeFileSync(other, JSON.stringify({ name: 'a', base: { dataset: { name: 'synthetic-arrays' }, method: { name: 'sum' }, training: { epochs: 1 } }, grid: { 'training.momentum': [0] } }));
    expect(() => prepareStudy(other, place.runs)).toThrow(/There is a study "a" already, from .*a\.udi-study\.yaml; this one is from .*other/);
    expect(loadStudy(place.folder).plan.name).toBe('a');
    rmSync(place.file);
    expect(prepareStudy(other, place.runs)).toBe(place.folder);
    expect(loadStudy(place.folder).origin).toEqual({ file: other, runs: place.runs, name: 'a' });
  });
});
