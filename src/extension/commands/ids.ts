/** Every command; `index.ts` says what each does, the manifest how it is called and where it shows. */
export const commandIds = [
  'udi.train',
  'udi.stop',
  'udi.cancel',
  'udi.pause',
  'udi.continue',
  'udi.resume',
  'udi.trainAgain',
  'udi.openRun',
  'udi.openConfig',
  'udi.openSource',
  'udi.compareRuns',
  'udi.renameRun',
  'udi.deleteRun',
  'udi.restoreRun',
  'udi.emptyTrash',
  'udi.revealFolder',
  'udi.showLog',
  'udi.refreshRuns',
  'udi.doctor',
  'udi.installBackend',
  'udi.createSampleConfig',
  'udi.runStudy',
  'udi.openStudy',
  'udi.stopStudy',
  'udi.clearStageCache',
] as const;

/** Id of a command. */
export type CommandId = (typeof commandIds)[number];
