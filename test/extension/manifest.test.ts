import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commandIds } from '../../src/extension/commands/ids.ts';

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
    viewsWelcome: z.array(z.looseObject({ view: z.string(), contents: z.string() })),
    configuration: z.object({ properties: z.record(z.string(), z.looseObject({ scope: z.string() })) }),
  }),
}).parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
const { contributes } = manifest;

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

  it('offer at most three inline actions in every state of a run', () => {
    const inline = contributes.menus['view/item/context']!.filter(({ group }) => group?.startsWith('inline'));
    for (const state of ['running', 'paused', 'finished', 'stopped', 'cancelled', 'failed', 'interrupted']) {
      const shown = inline.filter(({ when = '' }) => {
        const [, pattern, literal] = /viewItem (?:=~ \/(.*)\/|== (\S+))/.exec(when)!;
        return pattern ? new RegExp(pattern).test(`run.${state}`) : literal === `run.${state}`;
      });
      expect(shown.length, state).toBeLessThanOrEqual(3);
    }
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
    expect(manifest.activationEvents).toEqual(expect.arrayContaining(
      ['onWebviewPanel:udi.run', 'onWebviewPanel:udi.compare', 'workspaceContains:.udi/runs']));
    expect(manifest.activationEvents).not.toContain('*');
  });

  it('name icons that are there', () => {
    const shown = [...contributes.viewsContainers.activitybar, ...Object.values(contributes.views).flat()];
    expect(shown.filter(({ icon }) => !existsSync(join(root, icon)))).toEqual([]);
  });
});
