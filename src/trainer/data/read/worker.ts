import { worker } from 'workerpool';
import { readItems } from './task.ts';

/** Entry of a worker thread; bundled as a file of its own, `dist/readWorker.cjs`. */
worker({ readItems });
