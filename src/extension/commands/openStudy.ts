import * as vscode from 'vscode';
import type { Command } from './command.ts';
import { oneStudy } from './pickStudies.ts';

/** `UDI: Open Study`: shows the panel of a study. */
export const openStudy: Command = async (services, arg) => {
  const study = await oneStudy(services, arg, {
    title: 'Open a study',
    accepts: () => true,
    none: 'There is no such study: UDI: Run Study starts one.',
  });
  if (study) services.studyPanels.show(study, vscode.ViewColumn.Active);
};
