import assert from "node:assert/strict";
import type { Round } from "../../src/autoregistration/rounds.ts";
import { isMeshError } from "../../src/model/errors.ts";
import type { Service, ServiceLab } from "./service-lab.ts";

/** A leader as the service keeps one: when its rounds fail, it begins anew. */
export class Leader {
  /** What its rounds did: kind and name, or what tripped. */
  readonly lines: string[] = [];
  readonly #service: Service;
  #rounds: ReturnType<Service["rounds"]>;

  private constructor(service: Service) {
    this.#service = service;
    this.#rounds = service.rounds();
  }

  static async lead(service: Service): Promise<Leader> {
    const leader = new Leader(service);
    await leader.#rounds.next();
    return leader;
  }

  async rounds(lab: ServiceLab, count: number): Promise<void> {
    for (let round = 0; round < count; round += 1) await this.round(lab);
  }

  /** One round, five seconds after the one before. */
  async round({ clock }: ServiceLab): Promise<void> {
    const next = this.#rounds.next();
    await clock.asleep(5000);
    clock.jump(5000);
    try {
      const { value } = await next;
      const { done, tripped } = value as Round;
      this.lines.push(...done.map(({ kind, key }) => `${kind} ${key.name}`), ...tripped.map(({ scope }) => `tripped ${scope}`));
    } catch (error) {
      assert.ok(isMeshError(error, "STORE_FAILED"));
      this.#rounds = this.#service.rounds();
      await this.#rounds.next();
    }
  }
}
