/** What became of a step. `not shown` is a capability that this machine lacks; `not run` a step after one that failed. */
export type Outcome =
  | { readonly status: "shown"; readonly evidence: string }
  | { readonly status: "not shown"; readonly why: string; readonly remedy: string }
  | { readonly status: "failed"; readonly error: string }
  | { readonly status: "not run"; readonly why: string };

/** A step of the demo after it was played. */
export interface PlayedStep {
  readonly id: string;
  /** The sentence that is true when the step was shown. */
  readonly title: string;
  readonly seconds: number;
  readonly outcome: Outcome;
}

/** The whole demo. */
export interface DemoReport {
  /** Which proxy took part. */
  readonly proxy: string;
  readonly stage: "namespaces" | "user-namespace" | "loopback";
  readonly steps: readonly PlayedStep[];
  readonly seconds: number;
}

/** True when nothing failed; what this machine cannot show is not a failure. */
export function isPassed(report: DemoReport): boolean {
  return report.steps.every(({ outcome }) => outcome.status === "shown" || outcome.status === "not shown");
}

const marks = { shown: "√", "not shown": "-", failed: "×", "not run": " " } as const;

/** The result table. */
export function renderDemo(report: DemoReport): string {
  const width = Math.max(...report.steps.map(({ title }) => title.length));
  const rows = report.steps.map(({ title, seconds, outcome }) => `  ${marks[outcome.status]} ${title.padEnd(width)} ${seconds.toFixed(2).padStart(6)} s  ${describeOutcome(outcome)}`);
  const remedies = new Set(report.steps.flatMap(({ outcome }) => (outcome.status === "not shown" ? [outcome.remedy] : [])));
  const shown = report.steps.filter(({ outcome }) => outcome.status === "shown").length;
  const end = isPassed(report) ? `${shown} of ${report.steps.length} steps shown` : "The demo failed";
  return [`Machines join a mesh, work, fail, come back and leave (${report.proxy}, ${report.stage})`, "", ...rows, "", `${end}, in ${report.seconds.toFixed(1)} s`, ...[...remedies].map((remedy) => `To see the rest: ${remedy}`)].join("\n");
}

function describeOutcome(outcome: Outcome): string {
  switch (outcome.status) {
    case "shown": return outcome.evidence;
    case "not shown": return `not shown: ${outcome.why}`;
    case "failed": return outcome.error;
    case "not run": return outcome.why;
  }
}
