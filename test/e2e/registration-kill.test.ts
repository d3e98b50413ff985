import assert from "node:assert/strict";
import { workloadsSchema } from "../../src/registration/directory.ts";
import { health } from "../autoregistration/wire-machine.ts";
import { renewAsk } from "../registration/wire-lab.ts";
import { RegistrationStage, type ServiceProcess, type StageMachine } from "./support/registration-stage.ts";

/** A machine, and what it said and heard last. */
interface Life {
  readonly machine: StageMachine;
  seq: number;
  /** States by report number; a service that was killed may have stored the last, and has each that it acknowledged. */
  sent: boolean;
  acknowledged: boolean | undefined;
}

/** Registers when it must, then says by turns that it is ready and that it is not; ends when nobody answers, or after `most` calls. */
async function call(life: Life, most: number, answered: () => void): Promise<void> {
  const { machine } = life;
  for (let calls = 0; calls < most; calls += 1) {
    const told = machine.registered === undefined ? await machine.register() : await report(life);
    if (told === "UNAVAILABLE") return;
    assert.equal(told, "ok", "what was acknowledged is known, whoever answers");
    answered();
  }
}

async function report(life: Life): Promise<string> {
  const { machine } = life;
  life.sent = !life.sent;
  const outcome = await machine.client.renew({ ...renewAsk, ...machine.renewAsk, health: health(life.sent ? "Ready" : "NotReady", (life.seq += 1)) }, AbortSignal.timeout(8000));
  if (outcome.ok) life.acknowledged = life.sent;
  return outcome.ok ? "ok" : outcome.refusal.reason;
}

async function assertKept(service: ServiceProcess, lives: readonly Life[]): Promise<void> {
  const { workloads } = workloadsSchema.parse(JSON.parse((await service.get("/v1/workloads")).text));
  for (const { machine, sent, acknowledged } of lives) {
    if (acknowledged === undefined) continue;
    const found = workloads.find(({ name }) => name === machine.registered?.workload.name);
    assert.ok(found !== undefined, "no machine that was told that it is registered is lost");
    assert.ok([sent, acknowledged].includes(found.ready), `ready is ${found.ready}; acknowledged ${acknowledged}, sent ${sent}`);
  }
}

describe("a registration service that is killed", function () {
  this.timeout(90_000);

  it("at any moment, with thirty machines calling: the next one has all that was acknowledged, and every machine goes on", async () => {
    await using stage = await RegistrationStage.create();
    const machines = await Promise.all(Array.from({ length: 30 }, (_, index) => stage.machine(`m${index}`)));
    const lives = machines.map((machine): Life => ({ machine, seq: 1, sent: false, acknowledged: undefined }));
    for (const killAfter of [1, 20, 45, 70, 110]) {
      const service = await stage.start();
      await service.serving();
      await assertKept(service, lives);
      let answers = 0;
      const calling = lives.map((life) => call(life, 5, () => ((answers += 1) === killAfter ? service.running.child.kill("SIGKILL") : undefined)));
      assert.equal((await service.end()).signal, "SIGKILL");
      await Promise.all(calling);
    }
    const last = await stage.start();
    await last.serving();
    await assertKept(last, lives);
    await Promise.all(lives.map((life) => call(life, 4, () => undefined)));
    await assertKept(last, lives);
    assert.equal(new Set(machines.map(({ registered }) => registered?.workload.name)).size, 30);
  });
});
