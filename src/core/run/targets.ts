/** The target name under which scores of the fused prediction are stored; all other targets are modalities. */
export const FUSION = 'fusion';
