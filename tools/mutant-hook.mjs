// Loaded into a test process by tools/mutate.ts: gives the mutant's text in the place of its file.
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const mutant = JSON.parse(process.env.MUTANT ?? "null");

if (mutant !== null) {
  const url = pathToFileURL(resolve(mutant.file)).href;
  registerHooks({
    load(asked, context, next) {
      const loaded = next(asked, context);
      if (asked !== url) return loaded;
      const source = loaded.source.toString();
      return { ...loaded, source: `${source.slice(0, mutant.start)}${mutant.text}${source.slice(mutant.end)}` };
    },
  });
}
