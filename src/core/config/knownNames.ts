import { distance } from 'fastest-levenshtein';

/** Names that may stand at one place, and what they are names of. */
export interface KnownNames {
  readonly kind: string;
  readonly known: readonly string[];
  /** What people call them, by name; a name may have none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Names that are known at another place, as one would write them there. */
  readonly elsewhere?: readonly string[];
}

/** Words that people bring from other tools, in small letters without separators, and what they may be here. */
const habits: Readonly<Record<string, readonly string[]>> = {
  lr: ['learningRate'], baselr: ['learningRate'], initlr: ['learningRate'], eta: ['learningRate'], stepsize: ['learningRate', 'every'],
  epoch: ['epochs'], nepochs: ['epochs'], numepochs: ['epochs'], maxepochs: ['epochs'], totalepochs: ['epochs'], trainepochs: ['epochs'],
  numtrainepochs: ['epochs'],
  bs: ['batchSize'], batch: ['batchSize'], minibatch: ['batchSize'], minibatchsize: ['batchSize'], trainbatchsize: ['batchSize'],
  wd: ['weightDecay'], l2: ['weightDecay'], decay: ['weightDecay'],
  optim: ['optimizer'], opt: ['optimizer'],
  scheduler: ['schedule'], lrscheduler: ['schedule'], lrschedule: ['schedule'], lrstep: ['every'], lrdecaystep: ['every'], gamma: ['factor'],
  lrdecayratio: ['factor'],
  patience: ['earlyStopping'], randomseed: ['seed'], manualseed: ['seed'], rngseed: ['seed'], randomstate: ['seed'],
  path: ['root'], dir: ['root'], folder: ['root'], datadir: ['root'], datapath: ['root'], dataroot: ['root'], dataset: ['name'],
  backbone: ['encoder'], arch: ['encoder'], architecture: ['encoder'], network: ['encoder'], encoders: ['encoder'], fusiontype: ['fusion'],
  fusionmethod: ['fusion'], fusionmodule: ['fusion'],
  gpu: ['device'], cuda: ['device'], accelerator: ['device'], backend: ['device'],
  data: ['dataset'], datamodule: ['dataset'], algorithm: ['method'], algo: ['method'], strategy: ['method'], net: ['model'],
  train: ['training'], trainer: ['training'], optimization: ['training'], hyperparameters: ['training'], hparams: ['training'],
  experiment: ['name'], experimentname: ['name'], runname: ['name'], title: ['name'], id: ['name', 'seed'], type: ['name'], target: ['name'],
  seed: ['seeds'], sweep: ['grid'], parameters: ['grid'], config: ['base'],
  ogmge: ['ogm'], joint: ['sum'], jointtraining: ['sum'], baseline: ['sum'], multimodal: ['sum'], gradientblending: ['gblending'], gblend: ['gblending'],
  mnist: ['cgmnist'], coloredmnist: ['cgmnist'], colormnist: ['cgmnist'], cgmnistdataset: ['cgmnist'],
  concatenation: ['concat'], cat: ['concat'], average: ['mean'], avg: ['mean'], add: ['sum'], fc: ['mlp'], linear: ['mlp'],
};

/** `Unknown method "uid". Did you mean "udi"? Known: sum, udi.` */
export function unknownName(kind: string, name: string, known: readonly string[], more: Omit<KnownNames, 'kind' | 'known'> = {}): string {
  const meant = meantName(name, { kind, known, ...more });
  return `Unknown ${kind} "${name}".${meant === undefined ? '' : ` Did you mean "${meant}"?`} Known: ${known.join(', ')}.`;
}

/**
 * The known name that is probably meant: the same but for capitals and separators (`batch_size`), the one with this label (`OGM-GE`),
 * one that other tools call so (`lr`), one of these at another place, else the nearest by letters if it is near enough.
 */
function meantName(name: string, { known, labels = {}, elsewhere = [] }: KnownNames): string | undefined {
  const word = plain(name);
  const usual = Object.hasOwn(habits, word) ? habits[word]! : [];
  const nearest = known.map((each) => ({ each, far: distance(name.toLowerCase(), each.toLowerCase()) })).sort((a, b) => a.far - b.far)[0];
  return known.find((each) => plain(each) === word)
    ?? known.find((each) => labelWords(labels[each] ?? '').includes(word))
    ?? usual.find((each) => known.includes(each))
    ?? elsewhere.find((each) => plain(lastPart(each)) === word)
    ?? usual.flatMap((each) => elsewhere.find((other) => lastPart(other) === each) ?? [])[0]
    ?? (nearest && nearest.far <= Math.max(2, Math.floor(nearest.each.length / 2)) ? nearest.each : undefined);
}

/** A label as a whole, and what of it stands before its explanation. */
function labelWords(label: string): string[] {
  return [label, label.split(/[(:]/)[0]!].map(plain).filter((word) => word !== '');
}

function lastPart(dotted: string): string {
  return dotted.slice(dotted.lastIndexOf('.') + 1);
}

/** Letters and digits alone, small. */
function plain(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
