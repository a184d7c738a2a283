/** Ids of the backends, the same as in a config's `device`. */
export type BackendId = 'tfjs-node-gpu' | 'tfjs-node' | 'webgpu' | 'wasm' | 'cpu';

/** Where a backend may look for its files. Given by the caller, because source and bundle lie in different places. */
export interface BackendSearch {
  /** Folders whose `node_modules` may hold the optional packages, first match wins. */
  readonly folders: readonly string[];
  /** The build's output folder; its `wasm` folder has the `.wasm` files (from source: `folders`' node_modules). */
  readonly distFolder: string;
}

/** What `probe` found out. */
export interface BackendReport {
  readonly usable: boolean;
  /** Why it can not be used, or, if it can, why `auto` does not take it. */
  readonly reason?: string;
  /** One sentence that says how to get it. */
  readonly howToGet?: string;
  /** The hardware it would compute on. */
  readonly device?: string;
  /** Whether `auto` may choose it. */
  readonly automatic: boolean;
}

/** One way to compute. Probing changes nothing that another backend would notice. */
export interface Backend {
  readonly id: BackendId;
  readonly label: string;
  probe(search: BackendSearch): Promise<BackendReport>;
  /** Makes it the backend of all tensors from now on; throws if that fails. */
  activate(search: BackendSearch): Promise<void>;
}
