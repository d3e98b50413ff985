// Mocha's spec reporter with a last line that people and programs find: `N passed, N failed, N skipped`.
// With TEST_COUNTS set, the counts also go to that file, so that the launcher can add up several steps.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { renderCounts } from "./counts.mjs";

const { reporters } = createRequire(import.meta.url)("mocha");

export default class Reporter extends reporters.Spec {
  epilogue() {
    if (this.stats.failures > 0 || this.stats.pending > 0) super.epilogue();
    const counts = { passed: this.stats.passes, failed: this.stats.failures, skipped: this.stats.pending };
    console.log(`\n${renderCounts(counts)}`);
    if (process.env.TEST_COUNTS !== undefined) writeFileSync(process.env.TEST_COUNTS, JSON.stringify(counts));
  }
}
