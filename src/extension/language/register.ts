import { dirname, isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import type { Catalog } from '../../core/config/catalog.ts';
import { thisMachine } from '../../core/config/paths.ts';
import { parseConfig } from '../../core/config/parseConfig.ts';
import { parseStudy } from '../../core/study/parseStudy.ts';
import { Disposable } from '../disposable.ts';
import { readBaseFile } from './baseFile.ts';
import { Checker } from './checker.ts';
import { FirstLineCodeLens, type LensCommand } from './codeLens.ts';
import { KeyCompletion } from './completion.ts';
import { ConfigHelp } from './configSchema.ts';
import { Diagnostics } from './diagnostics.ts';
import { configKind, isOfKind, nameOf, selectorOf, studyKind, type FileKind } from './fileKind.ts';
import { KeyHover } from './hover.ts';
import { helpBeyondSchema, type DocumentHelp } from './schemaHelp.ts';
import { StudyHelp } from './studyHelp.ts';

/** An extension that completes and explains YAML by our JSON schema already; of the rest it knows nothing. */
const YAML_EXTENSION = 'redhat.vscode-yaml';

/** Everything that the editor knows about one kind of file. */
interface LanguageOf {
  readonly kind: FileKind;
  readonly checker: Checker;
  readonly help: DocumentHelp;
  readonly commands: readonly LensCommand[];
}

/** Everything that the editor knows about configs and studies. */
export class UdiLanguage extends Disposable {
  constructor(catalog: Catalog) {
    super();
    const configHelp = new ConfigHelp(catalog);
    const configs = new Checker((text, path) => parseConfig(text, catalog, {
      name: nameOf(configKind, path, 'run'),
      // A new file is in no folder yet.
      ...(isAbsolute(path) ? { paths: { folder: dirname(path), machine: thisMachine } } : {}),
    }));
    const configDiagnostics = this.#add({
      kind: configKind,
      checker: configs,
      help: configHelp,
      commands: [{ title: '$(play) Train', command: 'udi.train' }],
    });
    const studies = new Checker((text, path) => parseStudy(text, catalog, { file: path, readFile: readBaseFile, ...(isAbsolute(path) ? { machine: thisMachine } : {}) }));
    const studyDiagnostics = this.#add({
      kind: studyKind,
      checker: studies,
      help: new StudyHelp(catalog, configHelp),
      commands: [
        { title: '$(run-all) Run study', command: 'udi.runStudy' },
        { title: '$(graph) Open study', command: 'udi.openStudy' },
      ],
    });
    // What is wrong with a study may be wrong with its base.
    this.register(vscode.workspace.onDidSaveTextDocument(({ uri }) => {
      if (!isOfKind(configKind, uri.path)) return;
      studies.clear();
      studyDiagnostics.showAll();
    }));
    // The data that were missing may be there when somebody comes back.
    this.register(vscode.window.onDidChangeWindowState(({ focused }) => {
      if (!focused) return;
      for (const checker of [configs, studies]) checker.clear();
      for (const diagnostics of [configDiagnostics, studyDiagnostics]) diagnostics.showAll();
    }));
  }

  #add({ kind, checker, help, commands }: LanguageOf): Diagnostics {
    const selector = selectorOf(kind);
    this.register(vscode.languages.registerCodeLensProvider(selector, new FirstLineCodeLens(checker, commands)));
    // JSON files get both from VS Code itself, by `jsonValidation`.
    const yaml = selector.map((filter) => ({ ...filter, language: 'yaml' }));
    const ours = vscode.extensions.getExtension(YAML_EXTENSION) ? helpBeyondSchema(help) : help;
    this.register(vscode.languages.registerCompletionItemProvider(yaml, new KeyCompletion(ours), ' ', '{', '[', ','));
    this.register(vscode.languages.registerHoverProvider(yaml, new KeyHover(ours)));
    return this.register(new Diagnostics(kind, checker));
  }
}
