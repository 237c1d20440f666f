/** What a spec stands for. `pids` is never empty. */
export interface ResolvedTarget {
  spec: string;
  /** `nginx` or `unit nginx.service`, without pids. */
  name: string;
  pids: number[];
}
