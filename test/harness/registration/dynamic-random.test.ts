import assert from "node:assert/strict";
import fc from "fast-check";
import type { ReceivedRefusal } from "../../../src/registration/error-details.ts";
import { reasons, type Reason } from "../../../src/registration/reasons.ts";
import type { Standing } from "../../../src/registration/registration.ts";
import { agreed, away, lease, ready, refusal, refused, registered, renewed, starting } from "./answers.ts";
import { ScriptedMachine } from "./scripted.ts";

const { signal } = new AbortController();

/** What the service does at one call, and what happens to the machine in the pause after it. */
interface Turn {
  readonly answer: "good" | "changed" | ReceivedRefusal;
  /** The machine turns after that part of the pause. */
  readonly turnsAfter: number | undefined;
}

const anyRefusal = fc.oneof(fc.constant(away), fc.constantFrom(...(Object.keys(reasons) as Reason[])).map((reason) => refusal(reason)), fc.integer({ min: 0, max: 100_000 }).map((retryAfter) => refusal("QUOTA", retryAfter)));
const anyTurn: fc.Arbitrary<Turn> = fc.record({
  answer: fc.oneof({ weight: 4, arbitrary: fc.constant("good" as const) }, { weight: 1, arbitrary: fc.constant("changed" as const) }, { weight: 3, arbitrary: anyRefusal }),
  turnsAfter: fc.option(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { nil: undefined }),
});

/** A call as it was made: when, which, with what number and token. */
interface Made {
  readonly at: number;
  readonly call: string;
  readonly seq: number;
  readonly token: string | undefined;
}

function parseCall(line: string): Made {
  const [, at, call, seq, token] = /^([\d.]+): (\w+) \w+ (\d+)(?: with (\w+))?$/u.exec(line) ?? [];
  return { at: Number(at), call: call ?? "", seq: Number(seq), token };
}

/** Plays the turns, one call each; each lease that is granted has a token of its own. */
async function play(turns: readonly Turn[], random: () => number): Promise<{ readonly machine: ScriptedMachine; readonly made: readonly Made[]; readonly standings: readonly Standing[] }> {
  const machine = new ScriptedMachine({ random });
  for (const [index, { answer }] of turns.entries()) {
    const granted = { ...lease, token: `t${index}` };
    machine.script.push((line) => {
      if (typeof answer !== "string") return refused(answer);
      return line.startsWith("register") ? agreed(registered({ lease: granted })) : agreed(renewed({ lease: granted, configChanged: answer === "changed" }));
    });
  }
  const standings: Standing[] = [];
  for (const turn of turns) standings.push(await playTurn(machine, turn));
  return { machine, made: machine.calls.map(parseCall), standings };
}

async function playTurn(machine: ScriptedMachine, { turnsAfter }: Turn): Promise<Standing> {
  const { clock } = machine;
  const made = machine.calls.length;
  const next = machine.next();
  const settle = (): Promise<void> => new Promise((done) => setImmediate(done));
  await settle();
  if (turnsAfter !== undefined && machine.calls.length === made) {
    clock.jump((clock.sleeps.at(-1) ?? 0) * turnsAfter);
    machine.turn(machine.health === ready ? starting : ready);
    await settle();
  }
  for (let wake = 0; machine.calls.length === made; wake += 1) {
    assert.ok(wake < 5, "it sleeps again and again");
    clock.jump(clock.sleeps.at(-1) ?? 0);
    await settle();
  }
  return next;
}

const anyTurns = fc.array(anyTurn, { minLength: 1, maxLength: 25 });
const anySeed = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 7 });

function cycle(values: readonly number[]): () => number {
  let index = 0;
  return () => values[index++ % values.length] ?? 0;
}

describe("a dynamic registration, whatever the service answers", () => {
  it("numbers its reports without a gap, renews with the newest token, and keeps its distance", async () => {
    await fc.assert(fc.asyncProperty(anyTurns, anySeed, async (turns, seed) => {
      const { made } = await play(turns, cycle(seed));
      assert.deepEqual(made.map(({ seq }) => seq), turns.map((_, index) => index + 1));
      let token: string | undefined;
      for (const [index, { at, call, token: used }] of made.entries()) {
        const [before, answer] = [made[index - 1], turns[index - 1]?.answer];
        if (call === "renew") assert.equal(used, token);
        if (before !== undefined && answer !== undefined) assert.ok(at - before.at >= leastPause(before, answer) - 0.001, `${call} at ${at} after ${before.call} at ${before.at}`);
        if (typeof turns[index]?.answer === "string") token = `t${index}`;
      }
    }), { numRuns: 300 });
  });

  it("is part of the mesh by what was said last, and once it knows what it is never forgets it", async () => {
    await fc.assert(fc.asyncProperty(anyTurns, anySeed, async (turns, seed) => {
      const { standings } = await play(turns, cycle(seed));
      let known = false;
      for (const [index, { membership, problem, refused: out, lease: held }] of standings.entries()) {
        const answer = turns[index]?.answer;
        const good = typeof answer === "string";
        known ||= good;
        assert.deepEqual([membership !== undefined, held !== undefined, problem === undefined], [known, known, good]);
        assert.equal(out, isOut(turns.slice(0, index + 1)));
      }
    }), { numRuns: 300 });
  });

  it("leaves with the newest token, or with nothing when it was told that it is gone, and is silent after that", async () => {
    await fc.assert(fc.asyncProperty(anyTurns, anySeed, async (turns, seed) => {
      const { machine } = await play(turns, cycle(seed));
      machine.script.push(agreed(0));
      const held = turns.reduce<string | undefined>((token, { answer }, index) => (typeof answer === "string" ? `t${index}` : answer.next === "register" ? undefined : token), undefined);
      await machine.registration.leave("drain", signal);
      assert.equal(await machine.ended(), undefined);
      const after = machine.calls.slice(turns.length).map((line) => line.replace(/^[\d.]+: /u, ""));
      assert.deepEqual([after, machine.clock.idle], [held === undefined ? [] : [`drain with ${held}`], true]);
    }), { numRuns: 200 });
  });
});

/** The least that must lie between a call and the next one after that answer. */
function leastPause({ call }: Made, answer: Turn["answer"]): number {
  if (typeof answer === "string") return 1000;
  if (answer.next === "backoff") return Math.max(100, answer.retryAfter ?? 0);
  return answer.next === "register" && call === "renew" ? 0 : Math.max(1000, answer.retryAfter ?? 0);
}

/** True when the last that the service said of the machine itself is that it is not let in: away, busy, or a lost workload says nothing. */
function isOut(turns: readonly Turn[]): boolean {
  const words = turns.map(({ answer }) => (typeof answer === "string" ? "in" : answer.reason === "QUOTA" || answer.next === "backoff" || answer.next === "register" ? "nothing" : "out"));
  return words.filter((word) => word !== "nothing").at(-1) === "out";
}
