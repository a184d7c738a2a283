import * as vscode from 'vscode';
import type { ConfigProblem } from '../../core/config/parseConfig.ts';
import { Disposable } from '../disposable.ts';
import type { Checker } from './checker.ts';
import { isDocumentOf, type FileKind } from './fileKind.ts';

const TYPING_PAUSE = 200;

/** The place of a problem in its document. */
export function rangeOf(problem: ConfigProblem): vscode.Range {
  return new vscode.Range(problem.line - 1, problem.column - 1, problem.endLine - 1, problem.endColumn - 1);
}

/** Shows what is wrong with the open documents of a kind, as they are typed. */
export class Diagnostics extends Disposable {
  readonly #shown: vscode.DiagnosticCollection;
  readonly #waiting = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private readonly kind: FileKind, private readonly checker: Checker) {
    super();
    this.#shown = this.register(vscode.languages.createDiagnosticCollection(kind.id));
    this.register({ dispose: () => this.#waiting.forEach((timer) => clearTimeout(timer)) });
    this.register(vscode.workspace.onDidOpenTextDocument((document) => this.show(document)));
    this.register(vscode.workspace.onDidChangeTextDocument(({ document }) => this.#later(document)));
    this.register(vscode.workspace.onDidCloseTextDocument((document) => {
      if (!isDocumentOf(this.kind, document)) return;
      clearTimeout(this.#waiting.get(document.uri.toString()));
      this.#shown.delete(document.uri);
      this.checker.forget(document);
    }));
    this.showAll();
  }

  /** Checks all open documents of this kind now. */
  showAll(): void {
    for (const document of vscode.workspace.textDocuments) this.show(document);
  }

  /** Checks a document now, if it is of this kind. */
  show(document: vscode.TextDocument): void {
    if (!isDocumentOf(this.kind, document)) return;
    this.#shown.set(document.uri, this.checker.check(document).problems.map((problem) => {
      const text = problem.key === '' ? problem.message : `${problem.key}: ${problem.message}`;
      const diagnostic = new vscode.Diagnostic(rangeOf(problem), text, vscode.DiagnosticSeverity.Error);
      diagnostic.source = 'UDI';
      return diagnostic;
    }));
  }

  #later(document: vscode.TextDocument): void {
    if (!isDocumentOf(this.kind, document)) return;
    const key = document.uri.toString();
    clearTimeout(this.#waiting.get(key));
    this.#waiting.set(key, setTimeout(() => {
      this.#waiting.delete(key);
      if (!document.isClosed) this.show(document);
    }, TYPING_PAUSE));
  }
}
