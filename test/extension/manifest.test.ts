import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commandIds } from '../../src/extension/commands/ids.ts';
import { configKind, isOfKind, studyKind } from '../../src/extension/language/fileKind.ts';
import { stateIcons } from '../../src/extension/views/runText.ts';
import { studyIcons } from '../../src/extension/views/studyText.ts';

const root = join(import.meta.dirname, '..', '..');
const menuItem = z.looseObject({ command: z.string(), when: z.string().optional(), group: z.string().optional() });
const manifest = z.looseObject({
  activationEvents: z.array(z.string()),
  capabilities: z.object({
    untrustedWorkspaces: z.looseObject({ supported: z.string(), restrictedConfigurations: z.array(z.string()) }),
    virtualWorkspaces: z.looseObject({ supported: z.boolean() }),
  }),
  contributes: z.looseObject({
    commands: z.array(z.looseObject({ command: z.string(), title: z.string(), category: z.string() })),
    menus: z.record(z.string(), z.array(menuItem)),
    viewsContainers: z.object({ activitybar: z.array(z.looseObject({ id: z.string(), icon: z.string() })) }),
    views: z.record(z.string(), z.array(z.looseObject({ id: z.string(), icon: z.string() }))),
    languages: z.array(z.looseObject({ extensions: z.array(z.string()) })),
    yamlValidation: z.array(z.looseObject({ fileMatch: z.array(z.string()) })),
    jsonValidation: z.array(z.looseObject({ fileMatch: z.array(z.string()) })),
    viewsWelcome: z.array(z.looseObject({ view: z.string(), contents: z.string() })),
    configuration: z.object({ properties: z.record(z.string(), z.looseObject({ scope: z.string() })) }),
  }),
}).parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
const { contributes } = manifest;

/** Whether a `when` clause lets an entry be shown on a tree item with this context value. */
function fits(when: string, item: string): boolean {
  const [, pattern, literal] = /viewItem (?:=~ \/(.*)\/|== (\S+))/.exec(when) ?? [];
  return pattern !== undefined ? new RegExp(pattern).test(item) : literal === undefined || literal === item;
}

describe('package.json and the code', () => {
  it('know the same commands', () => {
    expect(contributes.commands.map(({ command }) => command).sort()).toEqual([...commandIds].sort());
  });

  it('call every command "UDI: …"', () => {
    expect(new Set(contributes.commands.map(({ category }) => category))).toEqual(new Set(['UDI']));
  });

  it('refer to known commands and views only', () => {
    const known = new Set<string>(commandIds);
    const used = Object.values(contributes.menus).flat().map(({ command }) => command);
    const texts = contributes.viewsWelcome.map(({ contents }) => contents).join('\n');
    const welcome = [...texts.matchAll(/command:(udi\.\w+)/g)].map(([, id]) => id!);
    expect([...used, ...welcome].filter((id) => !known.has(id))).toEqual([]);
    const views = Object.values(contributes.views).flat().map(({ id }) => id);
    expect(contributes.viewsWelcome.filter(({ view }) => !views.includes(view))).toEqual([]);
  });

  it('show every command in the palette from the start; what cannot be done is said by the command', () => {
    expect(contributes.menus['commandPalette']).toBeUndefined();
    // Context keys of our own would be unset until the host is up.
    expect(Object.values(contributes.menus).flat().filter(({ when }) => /\budi\.(?!runs\b)/.test(when ?? ''))).toEqual([]);
  });

  it('offer at most three inline actions in every state of a run or study, and at least one in every study to run or stop', () => {
    const inline = contributes.menus['view/item/context']!.filter(({ group }) => group?.startsWith('inline'));
    const shown = (item: string) => inline.filter(({ when = '' }) => fits(when, item)).map(({ command }) => command);
    for (const state of Object.keys(stateIcons)) expect(shown(`run.${state}`).length, state).toBeLessThanOrEqual(3);
    for (const state of Object.keys(studyIcons)) {
      const wanted = state === 'running' ? ['udi.stopStudy'] : state === 'finished' ? [] : ['udi.runStudy'];
      expect(shown(`study.${state}`), state).toEqual(wanted);
    }
  });

  it('offer for a failed run its source and a new run, not only to resume what must fail again', () => {
    const shown = contributes.menus['view/item/context']!.filter(({ when = '' }) => fits(when, 'run.failed'));
    for (const kind of ['inline', '']) {
      const offered = shown.filter(({ group = '' }) => group.startsWith('inline') === (kind === 'inline')).map(({ command }) => command);
      expect(offered, kind).toEqual(expect.arrayContaining(['udi.resume', 'udi.trainAgain', 'udi.openSource']));
    }
  });

  it('offer what is for runs on runs only, and what is for studies on studies only', () => {
    for (const { command, when = '' } of contributes.menus['view/item/context']!) {
      const isOfStudy = fits(when, 'study.stopped') || fits(when, 'study.running');
      const isOfRun = fits(when, 'run.finished') || fits(when, 'run.running') || fits(when, 'run.paused') || fits(when, 'run.failed');
      expect([command, isOfStudy, isOfRun]).toEqual([command, /Study$|showLog/.test(command), !/Study$/.test(command)]);
    }
  });

  it('know configs and studies by the same names as the code', () => {
    const { languages, yamlValidation, jsonValidation } = contributes;
    const endings = languages.flatMap(({ extensions }) => extensions);
    const yaml = endings.filter((ending) => !ending.endsWith('json'));
    for (const ending of endings) {
      expect([configKind, studyKind].filter((kind) => isOfKind(kind, `x${ending}`)), ending).toHaveLength(1);
    }
    expect(yamlValidation.flatMap(({ fileMatch }) => fileMatch)).toEqual(yaml.map((ending) => `*${ending}`));
    expect(jsonValidation.flatMap(({ fileMatch }) => fileMatch)).toEqual(['*.udi.json', '*.udi-study.json']);
    for (const { glob } of [configKind, studyKind]) expect(manifest.activationEvents).toContain(`workspaceContains:${glob}`);
  });

  it('restrict in an untrusted workspace every setting that names a program', () => {
    expect(manifest.capabilities.untrustedWorkspaces.supported).toBe('limited');
    expect(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations).toEqual(['udi.trainer.node']);
    expect(contributes.configuration.properties['udi.trainer.node']?.scope).toBe('machine-overridable');
    expect(manifest.capabilities.virtualWorkspaces.supported).toBe(false);
  });

  it('name every setting that the code reads', () => {
    expect(Object.keys(contributes.configuration.properties)).toEqual(['udi.trainer.node', 'udi.notifications']);
  });

  it('activate for restored panels and for folders with runs, and never always', () => {
    expect(manifest.activationEvents).toEqual(expect.arrayContaining([
      'onWebviewPanel:udi.run', 'onWebviewPanel:udi.compare', 'onWebviewPanel:udi.study',
      'workspaceContains:.udi/runs', 'workspaceContains:.udi/studies',
    ]));
    expect(manifest.activationEvents).not.toContain('*');
  });

  it('name icons that are there', () => {
    const shown = [...contributes.viewsContainers.activitybar, ...Object.values(contributes.views).flat()];
    expect(shown.filter(({ icon }) => !existsSync(join(root, icon)))).toEqual([]);
  });
});
