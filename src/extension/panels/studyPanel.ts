import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { Catalog } from '../../core/config/catalog.ts';
import { UserError } from '../../core/errors.ts';
import { fromStudyPanelSchema, type FromStudyPanel, type StudyTable } from '../../core/protocol.ts';
import { exportStudyTable } from '../../core/study/studyExport.ts';
import { packState } from '../../core/pageMessage.ts';
import { Disposable } from '../disposable.ts';
import type { Log } from '../log.ts';
import type { Studies } from '../follow/studies.ts';
import type { TrackedStudy } from '../follow/trackedStudy.ts';
import { chartBytes, fileName } from './chartFile.ts';
import { Panel } from './panel.ts';
import { savedRuns } from './savedState.ts';
import { saveAs } from './saveAs.ts';
import { planOf, StudyViewBuilder } from './studyView.ts';

const VIEW_TYPE = 'udi.study';

/** A study has many runs, and each of them changes; so many milliseconds lie between two states. */
const INTERVAL = 500;

const endings = { csv: 'csv', markdown: 'md', latex: 'tex' } as const;

/** The study panels: one for each study that is open. */
export class StudyPanels extends Disposable implements vscode.WebviewPanelSerializer {
  readonly #open = new Map<string, Panel<FromStudyPanel>>();

  constructor(private readonly extension: vscode.Uri, private readonly studies: Studies, private readonly catalog: Catalog, private readonly log: Log) {
    super();
    this.register(vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this));
    this.register(studies.onDidChange(({ item }) => this.#update(item)));
    this.register(vscode.workspace.onDidGrantWorkspaceTrust(() => {
      for (const panel of this.#open.values()) panel.update();
    }));
  }

  /** Shows a study, in `column` if it is not open yet. */
  show(study: TrackedStudy, column: vscode.ViewColumn, preserveFocus = false): void {
    const open = this.#open.get(study.folder);
    if (open) {
      open.view.reveal(undefined, preserveFocus);
      return;
    }
    planOf(study);
    const view = vscode.window.createWebviewPanel(VIEW_TYPE, study.title, { viewColumn: column, preserveFocus });
    this.#adopt(view, study);
  }

  /** The study whose panel is in front. */
  get active(): TrackedStudy | undefined {
    const found = [...this.#open].find(([, panel]) => panel.view.active);
    return found && this.studies.get(found[0]);
  }

  deserializeWebviewPanel(view: vscode.WebviewPanel, state: unknown): Promise<void> {
    // A window that was closed hard may have stored the panel without its state; its title still names the study.
    const saved = this.studies.get(savedRuns(state)[0] ?? '');
    const study = saved ?? this.studies.list().find(({ title, folder }) => title === view.title && !this.#open.has(folder));
    if (study?.plan && !this.#open.has(study.folder)) this.#adopt(view, study);
    else view.dispose();
    return Promise.resolve();
  }

  #adopt(view: vscode.WebviewPanel, study: TrackedStudy): void {
    const { folder } = study;
    void this.studies.readRuns(study);
    const builder = new StudyViewBuilder(this.catalog);
    const panel = new Panel<FromStudyPanel>(view, this.extension, this.log, {
      script: 'studyPanel.js',
      interval: INTERVAL,
      schema: fromStudyPanelSchema,
      state: () => {
        const current = this.studies.get(folder);
        return current?.plan && packState(builder.view(current, vscode.workspace.isTrusted));
      },
      onMessage: (message) => this.#receive(folder, builder, message),
      onClose: () => this.#open.delete(folder),
    });
    this.#open.set(folder, panel);
  }

  async #receive(folder: string, builder: StudyViewBuilder, message: FromStudyPanel): Promise<void> {
    const { executeCommand } = vscode.commands;
    switch (message.type) {
      case 'ready': return;
      case 'run': return void await executeCommand('udi.runStudy', folder, message.keys);
      case 'stop': return void await executeCommand('udi.stopStudy', folder);
      case 'openRun': return void await executeCommand('udi.openRun', message.id);
      case 'compareRuns': return void await executeCommand('udi.compareRuns', ...message.ids);
      case 'openFile': return void await vscode.window.showTextDocument(vscode.Uri.file(this.#fileOf(folder)));
      case 'copyTable': {
        const table = this.#table(folder, builder, message.table);
        await vscode.env.clipboard.writeText(exportStudyTable(table, message.format));
        vscode.window.setStatusBarMessage('Table copied', 3000);
        return;
      }
      case 'saveTable': {
        const text = exportStudyTable(this.#table(folder, builder, message.table), message.format);
        const name = `${this.#study(folder).id}-${message.table}`;
        return await this.#save(folder, name, endings[message.format], new TextEncoder().encode(text));
      }
      case 'saveChart':
        return await this.#save(folder, message.name, message.format, chartBytes(message.format, message.data));
    }
  }

  async #save(folder: string, name: string, ending: string, bytes: Uint8Array): Promise<void> {
    const { origin } = this.#study(folder);
    await saveAs(origin ? dirname(origin.file) : folder, fileName(name), ending, bytes);
  }

  #table(folder: string, builder: StudyViewBuilder, id: string): StudyTable {
    const table = builder.view(this.#study(folder), vscode.workspace.isTrusted).tables.find((each) => each.id === id);
    if (!table) throw new UserError(`The study has no table ${id}.`);
    return table;
  }

  #fileOf(folder: string): string {
    const { origin, title } = this.#study(folder);
    if (!origin) throw new UserError(`It is not known which file the study ${title} comes from.`);
    return origin.file;
  }

  #study(folder: string): TrackedStudy {
    const study = this.studies.get(folder);
    if (!study) throw new UserError('The study is not there any more.');
    return study;
  }

  #update(study: TrackedStudy): void {
    const panel = this.#open.get(study.folder);
    if (!panel) return;
    if (study.isDisposed) {
      panel.view.dispose();
      return;
    }
    panel.view.title = study.title;
    panel.update();
  }
}
