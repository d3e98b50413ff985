import { MemoryStore } from "../../src/autoregistration/memory-store.ts";
import { describeStore } from "./store-conformance.ts";

describeStore("MemoryStore", async () => new MemoryStore(() => 1000));
