const folder = process.env["BENCH_PROFILE"];

/** Options for Node: `BENCH_PROFILE=folder` leaves a CPU profile of each measured process there. */
export const profiling: readonly string[] = folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`];
