// Loaded before the program that is watched, with --expose-gc: on SIGUSR2 it collects what is garbage and says what it still holds.
process.on("SIGUSR2", () => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.stderr.write(`holds ${heapUsed + external} bytes\n`);
});
