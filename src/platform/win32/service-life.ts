import { MeshError } from "../../model/errors.ts";
import type { ServeOptions, ServiceLife } from "../host.ts";
import { kernel, type Pointer } from "./ffi.ts";
import { encodeServiceStatus } from "./encode-service.ts";
import { initialSituation, planServiceStep, tickEvery, type ServiceEvent, type ServiceSituation, type ServiceStatus } from "./plan-service-states.ts";
import { openDispatcher, tellStatus } from "./service-dispatcher.ts";
import { describeFailure, systemErrors } from "./system-failure.ts";

/** Runs `work` as a Windows service; see Services. */
export async function serve(options: ServeOptions, work: (life: ServiceLife) => Promise<void>): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const life = new Life(options);
  const dispatcher = stack.use(openDispatcher(options.name, { main: (register) => life.begin(register()), control: (control, detail) => life.control(control, detail) }));
  const refused = await Promise.race([dispatcher.returned, life.begun.promise]);
  if (refused !== undefined) throw explainRefusal(options.name, refused.error);
  stack.use(life.watchOver());
  const working = work({ signal: life.signal, started: () => life.happen({ kind: "started" }) });
  const code = await working.then(() => 0, (error: unknown) => options.exitOf(error));
  life.happen({ kind: "ended", code });
  await untilReturned(dispatcher.returned, code);
  await working;
}

/** One life of a service: what happens goes through the table, and what the table says is done at once. */
class Life {
  readonly begun = Promise.withResolvers<undefined>();
  readonly #options: ServeOptions;
  readonly #stopping = new AbortController();
  #situation: ServiceSituation = initialSituation;
  #handle: Pointer = null;
  #deadline: NodeJS.Timeout | undefined;

  constructor(options: ServeOptions) {
    this.#options = options;
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** The service manager's first word, on its own thread: until this returns it waits. */
  begin(handle: Pointer): void {
    this.#handle = handle;
    this.happen({ kind: "tick" });
    this.begun.resolve(undefined);
  }

  control(control: number, detail: number): number {
    return this.happen({ kind: "control", control, detail });
  }

  happen(event: ServiceEvent): number {
    const { situation, status, answer, effect } = planServiceStep(this.#situation, event);
    this.#situation = situation;
    if (status !== undefined) this.#tell(status);
    if (effect === "stop") this.#stop();
    if (effect === "resume") this.#options.onResume();
    return answer;
  }

  /** Signs of life while a state is pending; and an error that nobody caught is still told, for Node would hang on it. */
  watchOver(): Disposable {
    const timer = setInterval(() => this.happen({ kind: "tick" }), tickEvery);
    const onCrash = (error: unknown): void => this.#crash(error);
    process.on("uncaughtException", onCrash);
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer);
        clearTimeout(this.#deadline);
        process.off("uncaughtException", onCrash);
      },
    };
  }

  #tell(status: ServiceStatus): void {
    tellStatus(this.#handle, encodeServiceStatus(status));
  }

  #crash(error: unknown): void {
    const code = this.#options.exitOf(error);
    this.happen({ kind: "ended", code });
    try {
      this.#options.onCrash(error);
    } finally {
      endProcess(code);
    }
  }

  #stop(): void {
    const overdue = new MeshError("STOP_OVERDUE", { doing: "stopping the service", what: "its work did not end in time" });
    this.#deadline = setTimeout(() => this.#crash(overdue), this.#options.stopPatience());
    // Not in the service manager's call, which waits for our answer.
    setImmediate(() => this.#stopping.abort());
  }
}

// Longer than the service manager takes to close its pipe.
const returnPatience = 5000;

async function untilReturned(returned: Promise<unknown>, code: number): Promise<void> {
  // With the dispatcher's thread still in the system, Node can neither exit nor be told to.
  const timer = setTimeout(() => endProcess(code), returnPatience);
  await returned;
  clearTimeout(timer);
}

function endProcess(code: number): void {
  kernel.terminateProcess(kernel.currentProcess(), code);
}

function explainRefusal(name: string, number: number): MeshError {
  const { words } = describeFailure("StartServiceCtrlDispatcherW", number);
  const outside = number === systemErrors.outsideServiceManager || number === 0;
  return new MeshError(outside ? "SERVICE_OUTSIDE" : "SERVICE_FAILED", { doing: `being the service ${name}`, what: `StartServiceCtrlDispatcherW failed: ${words}` });
}
